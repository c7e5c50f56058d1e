// The rate limit of better-auth, in front of a route of its own that answers "ok":
// `better-auth.mjs PORT`.
import http from "node:http";
import { betterAuth } from "better-auth";
import { toNodeHandler } from "better-auth/node";

const [port] = process.argv.slice(2);
const auth = betterAuth({
    baseURL: `http://127.0.0.1:${port}`,
    secret: "hush-hush-hush-hush-hush-hush-hush-hush",
    rateLimit: { enabled: true, window: 2, max: 50 },
});
http.createServer(toNodeHandler(auth)).listen(port, "127.0.0.1");
