"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = read("figures");
  const dark = read("dark");
  const night = matchMedia("(prefers-color-scheme: dark)");
  let printing = false;
  let folded = [];

  const themed = (item) => {
    if (printing || !night.matches) return item;
    if (typeof item === "string") return dark[item] || item;
    if (Array.isArray(item)) return item.map(themed);
    if (item && typeof item === "object") {
      return Object.fromEntries(Object.entries(item).map(([key, value]) => [key, themed(value)]));
    }
    return item;
  };

  const copy = (item) => JSON.parse(JSON.stringify(item));
  const settings = { displayModeBar: false, responsive: true };
  const draw = (id) => {
    const place = document.getElementById(id);
    const { data, layout } = themed(copy(figures[id]));
    if (place.clientWidth < 420) layout.font.size = 11;
    if (place.closest(".gallery")) {
      layout.showlegend = false;
      layout.margin.t = 8;
      if (layout.xaxis.type !== "category") layout.xaxis.nticks = 5;
    }
    return Plotly.react(place, data, layout, settings);
  };
  const drawAll = () => Promise.all(Object.keys(figures).map(draw));

  const follow = () => {
    const links = new Map();
    document.querySelectorAll("nav.toc li a").forEach((link) => {
      links.set(document.querySelector(link.getAttribute("href")), link);
    });
    let current = null;
    const mark = () => {
      let found = null;
      links.forEach((link, section) => {
        if (section.getBoundingClientRect().top <= innerHeight * 0.3) found = link;
      });
      const ended = scrollY > 0 && innerHeight + scrollY >= document.body.scrollHeight - 4;
      if (ended) found = [...links.values()].pop();
      if (found === current) return;
      if (current) current.removeAttribute("aria-current");
      if (found) {
        found.setAttribute("aria-current", "true");
        const list = found.closest("ul");
        list.scrollTo({ left: found.offsetLeft - list.clientWidth / 2 });
      }
      current = found;
    };
    addEventListener("scroll", () => requestAnimationFrame(mark), { passive: true });
    mark();
  };

  const filters = (box) => {
    const rows = [...box.querySelectorAll("tbody tr")];
    const word = (row) => row.querySelector(".chip").textContent.trim();
    const words = [...new Set(rows.map(word))];
    const bar = document.createElement("div");
    bar.className = "filters";
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Show only one status");
    ["All", ...words].forEach((name) => {
      const button = document.createElement("button");
      const size = name === "All" ? rows.length : rows.filter((row) => word(row) === name).length;
      button.type = "button";
      button.textContent = `${name} ${size}`;
      button.setAttribute("aria-pressed", String(name === "All"));
      button.addEventListener("click", () => {
        rows.forEach((row) => { row.hidden = name !== "All" && word(row) !== name; });
        bar.querySelectorAll("button").forEach((other) => {
          other.setAttribute("aria-pressed", String(other === button));
        });
      });
      bar.append(button);
    });
    box.before(bar);
  };

  const reachable = () => {
    document.querySelectorAll(".table").forEach((box) => {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  };

  const openTarget = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const around = target && target.closest("details");
    if (around) around.open = true;
  };

  document.documentElement.classList.add("scripted");
  document.querySelectorAll(".table.filterable").forEach(filters);
  reachable();
  addEventListener("resize", reachable);
  follow();
  addEventListener("hashchange", openTarget);
  night.addEventListener("change", drawAll);
  addEventListener("beforeprint", () => {
    printing = true;
    folded = [...document.querySelectorAll("details:not(.behind):not([open])")];
    folded.forEach((item) => { item.open = true; });
    drawAll();
  });
  addEventListener("afterprint", () => {
    printing = false;
    folded.forEach((item) => { item.open = false; });
    drawAll();
  });
  drawAll().then(() => document.documentElement.classList.add("drawn"));
})();
