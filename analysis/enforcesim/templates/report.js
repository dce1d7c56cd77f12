"use strict";
// The report without this script is complete; it adds the chart of every outcome, filters and a search. Text from the results
// file is only ever set as text.
(function () {
  const $ = (id) => document.getElementById(id);

  function filters() {
    const who = $("who"), verdict = $("verdict");
    if (!who) return;
    $("claim-controls").hidden = false;
    const apply = () => {
      let shown = 0;
      for (const side of document.querySelectorAll("[data-who]")) {
        let here = 0;
        for (const claim of side.querySelectorAll(".claim")) {
          claim.hidden = (who.value && side.dataset.who !== who.value) || (verdict.value && claim.dataset.verdict !== verdict.value);
          here += claim.hidden ? 0 : 1;
        }
        side.hidden = here === 0;
        shown += here;
      }
      $("claim-count").textContent = shown === 1 ? "1 claim is shown" : shown + " claims are shown";
    };
    who.addEventListener("change", apply);
    verdict.addEventListener("change", apply);
    apply();
  }

  function search() {
    const word = $("search"), changed = $("changed");
    if (!word) return;
    $("parameter-controls").hidden = false;
    const rows = [...document.querySelectorAll("#parameter-rows tr")];
    const words = rows.map((row) => row.textContent.toLowerCase());
    const apply = () => {
      const wanted = word.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, i) => {
        row.hidden = !wanted.every((w) => words[i].includes(w)) || (changed.checked && !row.classList.contains("changed"));
        shown += row.hidden ? 0 : 1;
      });
      $("parameter-count").textContent = shown + " of " + rows.length + " parameters are shown";
    };
    word.addEventListener("input", apply);
    changed.addEventListener("change", apply);
    apply();
  }

  function printing() {
    const opened = [];
    addEventListener("beforeprint", () => {
      for (const part of document.querySelectorAll("details[data-print]:not([open])")) {
        part.open = true;
        opened.push(part);
      }
    });
    addEventListener("afterprint", () => opened.splice(0).forEach((part) => (part.open = false)));
  }

  const NS = "http://www.w3.org/2000/svg";
  function element(name, attributes, text) {
    const made = document.createElementNS(NS, name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function number(x) {
    if (!Number.isFinite(x)) return "–";
    const size = Math.abs(x);
    const digits = size >= 100 || x === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4;
    const [whole, part] = x.toFixed(digits).split(".");
    return (whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? "." + part : "")).replace("-", "−");
  }

  function rounded(x, step) {
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    return Math.abs(x) >= 1000 ? number(x) : x.toFixed(Math.min(digits, 8)).replace("-", "−");
  }

  function ticks(low, high, most) {
    const rough = (high - low) / most || 1, power = Math.pow(10, Math.floor(Math.log10(rough)));
    const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough);
    const out = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) out.push(k * step);
    return out;
  }

  function explorer() {
    const store = $("data"), place = $("chart");
    if (!store || !place) return;
    const data = JSON.parse(store.textContent), times = data.times, Q = data.quantiles.length;
    const middle = data.quantiles.indexOf("q50"), moment = $("moment"), choice = $("metric");
    const boxes = data.scenarios.map((_, i) => $("scenario-" + i));
    const colour = (i) => (i === data.base ? 0 : 1 + ((i < data.base ? i : i - 1) % 6));
    const dash = (i) => (i === data.base ? 0 : (i < data.base ? i : i - 1) % 4);
    let metric, values, layout;

    function unpack(m) {
      const bytes = atob(m.packed || ""), scale = (m.high - m.low) / 65534;
      return (s, q, t) => {
        const at = 2 * ((s * Q + q) * times.length + t), raw = bytes.charCodeAt(at) + 256 * bytes.charCodeAt(at + 1);
        return raw === 65535 ? NaN : m.low + raw * scale;
      };
    }

    function path(points) {
      let out = "", pen = false;
      for (const [x, y] of points) {
        if (Number.isFinite(y)) out += (pen ? "L" : "M") + x.toFixed(1) + " " + y.toFixed(1);
        pen = Number.isFinite(y);
      }
      return out;
    }

    function draw() {
      const width = Math.max(280, Math.min(1080, place.clientWidth)), height = width < 560 ? 290 : 380;
      const shown = data.scenarios.map((_, i) => i).filter((i) => boxes[i].checked);
      const box = { left: 58, right: 12, top: 12, bottom: 40 };
      let low = Infinity, high = -Infinity;
      for (const s of shown) for (let q = 0; q < Q; q++) for (let t = 0; t < times.length; t++) {
        const v = values(s, q, t);
        if (Number.isFinite(v)) { low = Math.min(low, v); high = Math.max(high, v); }
      }
      if (!(low <= high)) { low = 0; high = 1; }
      if (low >= 0 && low < 0.6 * high) low = 0;
      if (low === high) { low -= Math.abs(low) * 0.1; high += Math.abs(high) * 0.1 || 1; }
      const first = times[0], last = times[times.length - 1] > first ? times[times.length - 1] : first + 1;
      const x = (t) => box.left + ((width - box.left - box.right) * (t - first)) / (last - first);
      const y = (v) => height - box.bottom - ((height - box.top - box.bottom) * (v - low)) / (high - low);
      layout = { x, width, box, height };

      const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": "chart-title" });
      svg.append(element("title", { id: "chart-title" }, metric.label + ", over time, for " + shown.map((i) => data.scenarios[i]).join(", ")));
      const heights = ticks(low, high, 5);
      for (const v of heights) {
        svg.append(element("line", { class: "grid", x1: box.left, x2: width - box.right, y1: y(v), y2: y(v) }));
        svg.append(element("text", { x: box.left - 6, y: y(v) + 4, "text-anchor": "end" }, rounded(v, heights[1] - heights[0] || 1)));
      }
      for (const year of ticks(first / data.year, last / data.year, width < 560 ? 4 : 8)) {
        svg.append(element("text", { x: x(year * data.year), y: height - box.bottom + 16, "text-anchor": "middle" }, String(+year.toFixed(2)).replace("-", "−")));
      }
      svg.append(element("text", { x: (box.left + width - box.right) / 2, y: height - 5, "text-anchor": "middle" }, "years since the policy starts"));
      svg.append(element("line", { class: "axis", x1: box.left, x2: width - box.right, y1: height - box.bottom, y2: height - box.bottom }));
      const starts = [...new Set([0, ...data.phases.filter((p) => shown.includes(data.scenarios.indexOf(p[0]))).map((p) => p[1])])];
      for (const day of starts) if (day >= first && day <= last) svg.append(element("line", { class: "start", x1: x(day), x2: x(day), y1: box.top, y2: height - box.bottom }));
      for (const s of shown) {
        const curve = (q) => times.map((t, i) => [x(t), y(values(s, q, i))]);
        for (let q = shown.length > 2 && middle > 1 ? 1 : 0; q < middle; q++) {
          if (metric.sparse) {
            times.forEach((t, i) => {
              if (Number.isFinite(values(s, q, i))) svg.append(element("line", { class: "c" + colour(s), x1: x(t), x2: x(t), y1: y(values(s, q, i)), y2: y(values(s, Q - 1 - q, i)) }));
            });
          } else {
            const there = curve(q).filter((p) => Number.isFinite(p[1])), back = curve(Q - 1 - q).filter((p) => Number.isFinite(p[1])).reverse();
            svg.append(element("path", { class: "band f" + colour(s), d: path(there.concat(back)) + "Z" }));
          }
        }
      }
      for (const s of shown) {
        const points = times.map((t, i) => [x(t), y(values(s, middle, i))]);
        if (metric.sparse) {
          for (const [a, b] of points) if (Number.isFinite(b)) svg.append(element("circle", { class: "mark f" + colour(s), cx: a, cy: b, r: 4.5 }));
        } else svg.append(element("path", { class: `line c${colour(s)} d${dash(s)}`, d: path(points) }));
      }
      svg.append(element("line", { class: "now", id: "now", y1: box.top, y2: height - box.bottom }));
      svg.addEventListener("pointermove", follow);
      svg.addEventListener("pointerdown", follow);
      place.replaceChildren(svg);
      tell();
    }

    function follow(event) {
      const frame = place.firstChild.getBoundingClientRect(), at = ((event.clientX - frame.left) * layout.width) / frame.width;
      let best = 0;
      times.forEach((t, i) => { if (Math.abs(layout.x(t) - at) < Math.abs(layout.x(times[best]) - at)) best = i; });
      if (+moment.value !== best) { moment.value = best; tell(); }
    }

    function key(i) {
      const made = element("svg", { class: "key", viewBox: "0 0 35 12", "aria-hidden": "true" });
      made.append(element("line", { class: `line c${colour(i)} d${dash(i)}`, x1: 0, x2: 35, y1: 6, y2: 6 }));
      return made;
    }

    function row(cells, i) {
      const made = document.createElement("tr");
      cells.forEach((cell, k) => {
        const item = document.createElement(k ? "td" : "th");
        if (!k) {
          item.scope = "row";
          if (times.length) item.append(key(i), " ");
        }
        item.append(cell);
        made.append(item);
      });
      return made;
    }

    function tell() {
      const t = +moment.value, years = rounded(times[t] / data.year, 0.01), when = `year ${years} (day ${String(times[t]).replace("-", "−")})`;
      moment.setAttribute("aria-valuetext", when);
      $("when").textContent = when;
      const line = $("now");
      if (line) { line.setAttribute("x1", layout.x(times[t])); line.setAttribute("x2", layout.x(times[t])); }
      $("values").replaceChildren(...data.scenarios.map((name, i) => {
        if (!boxes[i].checked) return "";
        const range = Q > 1 ? `${number(values(i, 0, t))} to ${number(values(i, Q - 1, t))}` : "–";
        return row([name, number(values(i, middle, t)), range], i);
      }));
    }

    function choose() {
      metric = data.metrics[choice.selectedIndex];
      values = unpack(metric);
      $("meaning").textContent = metric.meaning + (metric.unit ? ` (${metric.unit})` : "") + ". Name in the file: " + metric.name + ".";
      $("totals").replaceChildren(...metric.rows.map((cells, i) => row([data.scenarios[i], ...cells], i)));
      if (times.length) draw();
    }

    $("explorer").hidden = false;
    boxes.forEach((b, i) => b && b.after(key(i)));
    if (times.length) {
      moment.max = times.length - 1;
      moment.value = times.length - 1;
      moment.addEventListener("input", tell);
      boxes.forEach((b) => b.addEventListener("change", draw));
      new ResizeObserver(() => { if (metric && Math.abs(layout.width - Math.max(280, Math.min(1080, place.clientWidth))) > 1) draw(); }).observe(place);
    }
    choice.addEventListener("change", choose);
    choose();
  }

  function fitting() {
    // A table that fits needs no word on scrolling, and no stop for the keyboard.
    const look = () => {
      for (const box of document.querySelectorAll(".scroll, .plate")) {
        const fits = box.scrollWidth <= box.clientWidth + 1 && box.scrollHeight <= box.clientHeight + 1;
        box.classList.toggle("fits", fits);
        if (fits) box.removeAttribute("tabindex");
        else box.tabIndex = 0;
      }
    };
    look();
    addEventListener("resize", look);
  }

  filters();
  search();
  printing();
  explorer();
  fitting();
})();
