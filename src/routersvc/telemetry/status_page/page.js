"use strict";
// Everything from the service is put into the document as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const child of children) if (child !== null) node.append(child);
  return node;
}

function drawn(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function time(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.01) return (seconds * 1000).toFixed(1) + " ms";
  if (seconds < 1) return Math.round(seconds * 1000) + " ms";
  if (seconds < 100) return seconds.toPrecision(3) + " s";
  if (seconds < 7200) return Math.round(seconds / 60) + " min";
  if (seconds < 172800) return Math.round(seconds / 3600) + " h";
  return Math.round(seconds / 86400) + " days";
}

const share = (value) => (value === null ? "–" : (value * 100).toFixed(value === 1 ? 0 : 1) + " %");
const words = (name) => name.replaceAll("_", " ");
const instant = (epoch) => new Date(epoch * 1000).toLocaleString();
const clock = (epoch) => new Date(epoch * 1000).toLocaleTimeString();
const money = (usd) => "$" + (usd === 0 ? "0" : usd >= 0.1 ? usd.toFixed(2) : usd.toPrecision(2));

function fact(name, value) {
  return element("span", "", name + " ", element("b", "", value));
}

function sparkline(values) {
  const known = values.filter((value) => value !== null);
  const label = known.length ? "median latency over five minutes, now " + time(known.at(-1)) : "no latency yet";
  const svg = drawn("svg", { class: "spark", viewBox: "0 0 149 30", preserveAspectRatio: "none", role: "img", "aria-label": label });
  const highest = Math.max(...known, 1e-9);
  let path = "";
  let isDrawing = false;
  values.forEach((value, place) => {
    if (value === null) { isDrawing = false; return; }
    const x = 149 - (values.length - 1 - place);
    path += (isDrawing ? "L" : "M") + x + " " + (29 - 27 * value / highest).toFixed(2);
    isDrawing = true;
  });
  if (path) svg.append(drawn("path", { d: path }));
  return svg;
}

function deploymentCard(it) {
  const card = element("article", "card" + (it.state === "unavailable" ? " down" : ""));
  card.append(
    element("div", "row", element("span", "name", it.name), element("span", "state " + it.state, words(it.state))),
    element("div", "quiet", it.model + " at " + it.provider + (it.region ? ", " + it.region : "")),
    sparkline(it.latencies_seconds),
  );
  const meter = element("meter");
  meter.max = 1;
  meter.value = it.share || 0;
  meter.title = "share of the traffic of the last five minutes";
  card.append(meter, element("div", "facts",
    fact("traffic", share(it.share)),
    fact("success", share(it.success_rate)),
    fact("first content", time(it.first_content_p50_seconds) + " / p95 " + time(it.first_content_p95_seconds)),
    fact("whole answer", time(it.duration_p50_seconds)),
    fact("running", it.in_flight + (it.concurrency_limit === null ? "" : " of " + it.concurrency_limit)),
    it.queued ? fact("queued", String(it.queued)) : null,
    fact("breaker", words(it.breaker)),
  ));
  const problems = [];
  if (it.disabled) problems.push(it.disabled);
  if (it.next_probe_seconds !== null) problems.push("next probe in " + time(it.next_probe_seconds));
  if (it.pause_seconds) problems.push("provider asked for a pause of " + time(it.pause_seconds));
  if (it.last_failure !== null) problems.push("last failure " + words(it.last_failure) + ", " + time(it.last_failure_age_seconds) + " ago");
  if (problems.length) card.append(element("p", it.state === "healthy" ? "quiet" : "problem", problems.join(" · ")));
  return card;
}

function attemptRow(attempt, length) {
  const kind = { served: "served", failed: "failed", broken: "failed", refused_locally: "failed", running: "waiting" }[attempt.outcome] || "lost";
  const svg = drawn("svg", { class: "bar", viewBox: "0 0 1000 10", preserveAspectRatio: "none", role: "img",
    "aria-label": words(attempt.reason) + ", " + words(attempt.outcome) });
  const at = (seconds) => 1000 * seconds / length;
  const end = attempt.duration_seconds === null ? length - attempt.start_seconds : attempt.duration_seconds;
  const wait = attempt.first_content_seconds === null ? (kind === "waiting" ? end : 0) : Math.min(attempt.first_content_seconds, end);
  if (wait) svg.append(drawn("rect", { class: "waiting", x: at(attempt.start_seconds), y: 0, width: at(wait), height: 10 }));
  const rest = kind === "waiting" ? "served" : kind;
  if (end > wait) svg.append(drawn("rect", { class: rest, x: at(attempt.start_seconds + wait), y: 0, width: Math.max(3, at(end - wait)), height: 10 }));
  const row = element("div", "attempt", element("span", "", attempt.deployment + " (" + words(attempt.reason) + ")"), svg);
  if (attempt.failure_class !== null) {
    const status = attempt.http_status === null ? "" : ", HTTP " + attempt.http_status;
    row.append(element("span", "why", words(attempt.failure_class) + status + ": " + attempt.failure));
  }
  return row;
}

function decisionRow(it, now) {
  const ends = it.attempts.map((one) => one.start_seconds + (one.duration_seconds || 0));
  const age = it.duration_seconds === null ? now - it.received_at : it.duration_seconds;
  const length = Math.max(age, ...ends, 1e-3);
  const outcome = element("span", { served: "served-text", failed: "failed-text" }[it.outcome] || it.outcome, it.outcome);
  const served = it.served_by === null ? "" : " by " + it.served_by + " (" + (it.model_version || it.model) + ")";
  const row = element("article", "decision",
    element("div", "row",
      element("span", "", outcome, served, it.marks.length ? " · " + it.marks.join(", ") : ""),
      element("span", "quiet when", clock(it.received_at))),
    element("div", "facts",
      it.tenant ? fact("tenant", it.tenant) : null,
      fact("policy", it.policy),
      fact("first content", time(it.first_content_seconds)),
      it.duration_seconds === null ? fact("since", time(age)) : fact("total", time(it.duration_seconds)),
      it.cost_usd === null ? null : fact("cost", money(it.cost_usd) + (it.wasted_usd ? ", wasted " + money(it.wasted_usd) : "")),
      element("span", "id", it.id)));
  row.append(...it.attempts.map((attempt) => attemptRow(attempt, length)));
  return row;
}

function showConfiguration(it) {
  const entries = [["digest", it.digest], ["in force since", instant(it.in_force_since)]];
  if (it.failed_at !== null) entries.push(["last failed reload", instant(it.failed_at) + ", " + it.problems + " problems; see the log"]);
  if (it.waiting_for_restart.length) entries.push(["waiting for a restart", it.waiting_for_restart.join(", ")]);
  byId("configuration").replaceChildren(...entries.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]));
}

function show(status) {
  const up = status.deployments.filter((it) => it.state === "healthy" || it.state === "unknown" || it.state === "degraded").length;
  byId("summary").textContent = `${up} of ${status.deployments.length} deployments available · ${status.active_calls} calls running · version ${status.version}`;
  document.title = (up < status.deployments.length ? "⚠ " : "") + "routersvc status";
  byId("deployments").replaceChildren(...status.deployments.map(deploymentCard));
  const rows = status.decisions.map((it) => decisionRow(it, status.read_at));
  byId("decisions").replaceChildren(...(rows.length ? rows : [element("p", "quiet", "No decision yet, or none is kept (server.decisions.kept).")]));
  showConfiguration(status.configuration);
}

function complain(text) {
  byId("banner").textContent = text;
  byId("banner").hidden = !text;
}

async function update() {
  let delay = 2000;
  try {
    const response = await fetch("status.json", { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (!response.ok) throw new Error("HTTP " + response.status);
    const status = await response.json();
    delay = status.interval_seconds * 1000;
    if (!document.hidden) show(status);
    complain("");
  } catch (error) {
    complain("The router cannot be reached: what is shown is out of date.");
  }
  setTimeout(update, delay);
}

update();
