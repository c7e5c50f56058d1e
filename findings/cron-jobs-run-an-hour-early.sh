#!/usr/bin/env bash
# Versions: npm cron 4.4.0, croner 11.0.1, node-schedule 2.1.1 on Node.js 20; PyPI croniter 7.0.0, cronsim 2.8,
# APScheduler 3.11.3.
#
# Setting: two nightly jobs, `30 2 * * *` and `30 3 * * *`, in the zone Europe/Berlin, in the night of 25
# October 2026, when the clock goes from 03:00 back to 02:00: 02:30 comes twice, first as +02:00 and then as
# +01:00, and 03:30 once. In Node.js the jobs run on the mocked clock of `node:test`.
#
# Guess: the job of 02:30 runs once everywhere except with APScheduler, where it runs twice. The job of 03:30
# is out of danger, and runs once everywhere.
# What happens: the job of 03:30 runs twice with `cron`: the first time an hour early, at 02:30. So does
# every job between 03:00 and 03:59, but none between 02:00 and 02:59. Who moved a job out of the hour that
# comes twice, as is advised, moved it into the hour that does harm. The job of 02:30 runs twice with
# croniter as well.
#
# Output seen on 2026-11-29:
#   cron           02:30: 02:30+02:00                    03:30: 02:30+01:00 03:30+01:00
#   croner         02:30: 02:30+02:00                    03:30: 03:30+01:00
#   node-schedule  02:30: 02:30+02:00                    03:30: 03:30+01:00
#   croniter       02:30: 02:30+02:00 02:30+01:00        03:30: 03:30+01:00
#   cronsim        02:30: 02:30+02:00                    03:30: 03:30+01:00
#   APScheduler    02:30: 02:30+02:00 02:30+01:00        03:30: 03:30+01:00
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

python3 -m venv venv
venv/bin/pip install -q croniter==7.0.0 cronsim==2.8 APScheduler==3.11.3 tzdata >pip.log 2>&1 || { cat pip.log; exit 1; }
npm init -y >npm.log
npm install --no-audit --no-fund cron@4.4.0 croner@11.0.1 node-schedule@2.1.1 >npm.log 2>&1 || { cat npm.log; exit 1; }

cat >night.mjs <<'E2'
import { mock } from "node:test";
import { CronJob } from "cron";
import { Cron } from "croner";
import schedule from "node-schedule";

const zone = "Europe/Berlin";
const [start, end] = [Date.parse("2026-10-24T20:00:00Z"), Date.parse("2026-10-25T08:00:00Z")];
const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", timeZoneName: "longOffset" });
mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: start });

const libraries = {
    cron: (cronTime, onTick) => CronJob.from({ cronTime, onTick, start: true, timeZone: zone }),
    croner: (expression, run) => new Cron(expression, { timezone: zone }, run),
    "node-schedule": (rule, run) => schedule.scheduleJob({ rule, tz: zone }, run),
};
const runs = Object.entries(libraries).map(([name, plan]) => {
    const seen = { "02:30": [], "03:30": [] };
    for (const [at, ran] of Object.entries(seen)) {
        const [hour, minute] = at.split(":").map(Number);
        plan(`${minute} ${hour} * * *`, () => ran.push(format.format(new Date()).replace(" GMT", "")));
    }
    return [name, seen];
});
for (let now = start; now < end; now += 10_000) {
    mock.timers.tick(10_000);
    await null;
}
for (const [name, seen] of runs) {
    console.log(`${name.padEnd(14)} 02:30: ${seen["02:30"].join(" ").padEnd(30)} 03:30: ${seen["03:30"].join(" ")}`);
}
process.exit();
E2
cat >night.py <<'E2'
import datetime, zoneinfo
from apscheduler.triggers.cron import CronTrigger
from croniter import croniter
from cronsim import CronSim

zone = zoneinfo.ZoneInfo("Europe/Berlin")
start = datetime.datetime(2026, 10, 24, 22, tzinfo=zone)
end = datetime.datetime(2026, 10, 25, 9, tzinfo=zone)

def with_croniter(expression):
    times = croniter(expression, start)
    while True:
        yield times.get_next(datetime.datetime)

def with_apscheduler(expression):
    trigger, now = CronTrigger.from_crontab(expression, timezone=zone), start
    while True:
        now = trigger.get_next_fire_time(now, now)
        yield now

def runs(times):
    seen = []
    for time in times:
        if time.timestamp() > end.timestamp():
            return " ".join(seen)
        offset = time.strftime("%z")
        seen.append(f"{time:%H:%M}{offset[:3]}:{offset[3:]}")

for name, times in (
    ("croniter", with_croniter),
    ("cronsim", lambda expression: CronSim(expression, start)),
    ("APScheduler", with_apscheduler),
):
    print(f"{name:14} 02:30: {runs(times('30 2 * * *')):30} 03:30: {runs(times('30 3 * * *'))}")
E2
node --no-warnings night.mjs | tee seen
venv/bin/python -W ignore night.py | tee -a seen

diff - seen <<'E2'
cron           02:30: 02:30+02:00                    03:30: 02:30+01:00 03:30+01:00
croner         02:30: 02:30+02:00                    03:30: 03:30+01:00
node-schedule  02:30: 02:30+02:00                    03:30: 03:30+01:00
croniter       02:30: 02:30+02:00 02:30+01:00        03:30: 03:30+01:00
cronsim        02:30: 02:30+02:00                    03:30: 03:30+01:00
APScheduler    02:30: 02:30+02:00 02:30+01:00        03:30: 03:30+01:00
E2
echo "In the night the clock goes back, cron 4.4.0 runs the job of 03:30 an hour early at 02:30, and once more at 03:30."
