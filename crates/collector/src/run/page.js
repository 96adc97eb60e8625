// The page keeps itself true: rates, positions, and the last lines through each stage.
"use strict";

const EVERY_MS = 1000;
let before = null;

function rate(now, then, seconds) {
  return ((now - then) / seconds).toFixed(1) + "/s";
}

function columns(all) {
  // How many others a component needs, one after another: its column.
  const byId = new Map(all.map((it) => [it.id, it]));
  const depth = new Map();
  const of = (id) => {
    if (!depth.has(id)) {
      depth.set(id, 0);
      const needs = (byId.get(id) || { needs: [] }).needs.filter((it) => byId.has(it));
      depth.set(id, needs.length ? 1 + Math.max(...needs.map(of)) : 0);
    }
    return depth.get(id);
  };
  all.forEach((it) => of(it.id));
  return depth;
}

function element(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  if (text !== undefined) made.textContent = text;
  return made;
}

function draw(svg, all, rates) {
  const depth = columns(all);
  const rows = new Map();
  const place = new Map();
  all.forEach((it) => {
    const column = depth.get(it.id);
    const row = rows.get(column) || 0;
    rows.set(column, row + 1);
    place.set(it.id, { x: 10 + column * 290, y: 10 + row * 60 });
  });
  const width = 300 + 290 * Math.max(0, ...depth.values());
  const height = 20 + 60 * Math.max(1, ...rows.values());
  svg.replaceChildren();
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  all.forEach((it) => it.needs.filter((id) => place.has(id)).forEach((id) => {
    const [a, b] = [place.get(id), place.get(it.id)];
    const d = `M${a.x + 250},${a.y + 20} C${a.x + 270},${a.y + 20} ${b.x - 20},${b.y + 20} ${b.x},${b.y + 20}`;
    svg.append(element("path", { d }));
  }));
  all.forEach((it) => {
    const { x, y } = place.get(it.id);
    svg.append(element("rect", { x, y, width: 250, height: 42, rx: 4, class: it.problem ? "sick" : "" }));
    svg.append(element("text", { x: x + 8, y: y + 17 }, it.id));
    svg.append(element("text", { x: x + 8, y: y + 34 }, it.is_run ? rates.get(it.id) || "" : "not run"));
  });
}

async function look() {
  const all = await (await fetch("/api/components")).json();
  const now = { at: performance.now(), byId: new Map(all.map((it) => [it.id, it])) };
  const rates = new Map();
  all.forEach((it) => {
    const then = before && before.byId.get(it.id);
    const seconds = before ? (now.at - before.at) / 1000 : 1;
    const text = then ? rate(Math.max(it.received, it.sent), Math.max(then.received, then.sent), seconds) : "";
    rates.set(it.id, text);
    const row = document.querySelector(`tr[data-id="${CSS.escape(it.id)}"]`);
    if (row) {
      row.querySelector(".in").textContent = it.received;
      row.querySelector(".out").textContent = it.sent + " " + text;
      row.querySelector(".health").textContent = it.is_run ? it.problem || "healthy" : "not run";
    }
  });
  before = now;
  const graph = document.getElementById("graph");
  if (graph) draw(graph, all, rates);
  const lines = document.getElementById("lines");
  if (lines) {
    const id = lines.dataset.id;
    const detail = document.getElementById("detail");
    detail.replaceChildren(...((now.byId.get(id) || { detail: [] }).detail.map(([name, value]) => {
      const row = document.createElement("tr");
      [name, value].forEach((text) => row.append(Object.assign(document.createElement("td"), { textContent: text })));
      return row;
    })));
    const more = await (await fetch("/api/lines?id=" + encodeURIComponent(id))).json();
    lines.textContent = (lines.textContent + more.map((it) => it + "\n").join("")).slice(-50000);
  }
}

async function keep() {
  try { await look(); } catch (error) { /* the agent is away: the next look may find it */ }
  setTimeout(keep, EVERY_MS);
}
keep();
