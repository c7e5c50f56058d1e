"""JupyterHub's REST API on HUB_PORT, as it is by default, but without a proxy in front of it."""

import os

from jupyterhub.proxy import Proxy


class NoProxy(Proxy):
    should_start = False
    routes = {}

    async def add_route(self, routespec, target, data):
        self.routes[routespec] = {"routespec": routespec, "target": target, "data": data}

    async def delete_route(self, routespec):
        self.routes.pop(routespec, None)

    async def get_all_routes(self):
        return self.routes


c = get_config()  # noqa: F821
c.JupyterHub.proxy_class = NoProxy
# Nothing listens there.
c.JupyterHub.bind_url = "http://127.0.0.1:9"
c.JupyterHub.hub_port = int(os.environ["HUB_PORT"])
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.services = [{"name": "robot", "api_token": "a" * 40}]
c.JupyterHub.load_roles = [{"name": "robot-role", "scopes": ["admin:users"], "services": ["robot"]}]
