// The panel that edits a profile. Python sends rows and edits; the panel sends back all edits at once, so
// that clicks faster than the server lose nothing. The panel's own copy holds until Python changes edits
// itself (reset, link, "make this change"), which it marks by another revision.

const STATES = [
  ["altered", "altered"],
  ["absent", "not altered"],
  ["not-assayed", "not assayed"],
];
const same = (a, b) => a === b || (typeof a === "number" && typeof b === "number" && Math.abs(a - b) < 1e-9);

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function statesRow(row, id, change) {
  const inputs = STATES.map(([value, words]) => {
    const input = element("input", { type: "radio", name: id, value });
    input.addEventListener("change", () => change(row.feature, value));
    const label = element("label", { class: `gb-state gb-${value}` }, input, element("span", {}, words));
    if (row.recorded === value) {
      label.classList.add("gb-recorded");
      label.title = "as recorded";
    }
    return [value, input, label];
  });
  const name = element("span", { class: "gb-name", id: `${id}-name` }, row.label);
  const group = element("div", { class: "gb-states", role: "radiogroup", "aria-labelledby": `${id}-name` });
  group.append(...inputs.map(([, , label]) => label));
  const line = element("div", { class: "gb-row gb-row-states" }, name, group);
  return { line, show: (value) => inputs.forEach(([v, input]) => { input.checked = v === value; }) };
}

function choiceRow(row, id, change) {
  const select = element("select", { id });
  select.append(element("option", { value: "" }, "not known"));
  for (const [value, words] of row.levels) select.append(element("option", { value }, words));
  select.addEventListener("change", () => change(row.feature, select.value === "" ? null : select.value));
  const line = element(
    "div", { class: "gb-row gb-row-choice" },
    element("label", { class: "gb-name", for: id }, row.label), select,
  );
  return { line, show: (value) => { select.value = value ?? ""; } };
}

function numberRow(row, id, change) {
  const slider = element("input", {
    type: "range", min: row.low, max: row.high, step: row.step, "aria-label": `${row.label}, slider`,
  });
  const box = element("input", {
    type: "number", id, min: row.least, max: row.most, step: "any", placeholder: "not known",
    inputmode: "decimal",
  });
  const unit = element("span", { class: "gb-unit" }, row.unit);
  const mark = element("span", { class: "gb-mark", "aria-hidden": "true" });
  const track = element("span", { class: "gb-track" }, slider, mark);
  const place = (v) => Math.min(1, Math.max(0, (v - row.low) / (row.high - row.low || 1)));
  if (row.recorded === null) mark.hidden = true;
  else mark.style.setProperty("--at", place(row.recorded));
  const fill = () => slider.style.setProperty("--at", place(slider.valueAsNumber));
  slider.addEventListener("input", () => {
    slider.classList.remove("gb-unknown");
    box.value = slider.value;
    box.setCustomValidity("");
    fill();
    change(row.feature, slider.valueAsNumber);
  });
  box.addEventListener("change", () => {
    if (box.value === "" && !box.validity.badInput) return change(row.feature, null);
    if (!box.checkValidity()) return box.reportValidity();
    change(row.feature, box.valueAsNumber);
  });
  const line = element(
    "div", { class: "gb-row gb-row-number" },
    element("label", { class: "gb-name", for: id }, row.label), track, box, unit,
  );
  const show = (value) => {
    if (document.activeElement !== box) box.value = value === null ? "" : String(value);
    if (document.activeElement !== slider) slider.value = value ?? row.middle;
    slider.classList.toggle("gb-unknown", value === null);
    fill();
  };
  return { line, show };
}

function topLine(reset) {
  const count = element("span", { class: "gb-count", role: "status" });
  const button = element("button", { type: "button", class: "gb-reset" }, "Back to the record");
  button.addEventListener("click", reset);
  const show = (n) => {
    count.textContent = n === 0 ? "As recorded" : n === 1 ? "1 change from the record" : `${n} changes from the record`;
    button.disabled = n === 0;
  };
  return { line: element("div", { class: "gb-top" }, count, button), show };
}

const MAKE = { states: statesRow, number: numberRow, choice: choiceRow };

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".gb-editor");
  const panel = (root.panel ??= { revision: null, edits: {}, shape: "", rows: [] });
  panel.send = (edits) => {
    setStateValue("edits", edits);
    window.dispatchEvent(new Event("glassboard:edited"));
  };

  const current = (row) => (row.feature in panel.edits ? panel.edits[row.feature] : row.recorded);
  const paint = () => {
    panel.top.show(Object.keys(panel.edits).length);
    panel.rows.forEach(({ row, show, line }) => {
      const value = current(row);
      show(value);
      line.classList.toggle("gb-changed", !same(value, row.recorded));
    });
  };
  const reset = () => {
    panel.edits = {};
    paint();
    panel.send(panel.edits);
  };
  const change = (feature, value) => {
    // A change that is made from the list below may have no row here yet; Python then adds one.
    const row = panel.rows.find((r) => r.row.feature === feature)?.row;
    const edits = { ...panel.edits };
    if (row && same(value, row.recorded)) delete edits[feature];
    else edits[feature] = value;
    panel.edits = edits;
    paint();
    // A slider speaks many times a second: send the last word of each tenth of a second.
    if (panel.timer) { panel.again = true; return; }
    panel.send(panel.edits);
    if (row?.kind !== "number") return;
    panel.timer = setTimeout(() => {
      panel.timer = null;
      if (panel.again) { panel.again = false; panel.send(panel.edits); }
    }, 100);
  };

  if (panel.revision !== data.revision) {
    panel.revision = data.revision;
    panel.edits = { ...data.edits };
  }
  const shape = JSON.stringify(data.groups);
  if (panel.shape !== shape) {
    panel.shape = shape;
    panel.rows = [];
    panel.top = topLine(reset);
    root.replaceChildren(panel.top.line, ...data.groups.map((group, g) => {
      const section = element("fieldset", { class: "gb-group" }, element("legend", {}, group.title));
      group.rows.forEach((row, i) => {
        const made = MAKE[row.kind](row, `gb-${data.id}-${g}-${i}`, change);
        panel.rows.push({ row, ...made });
        section.append(made.line);
      });
      return section;
    }));
  }
  paint();

  // "Make this change": buttons of the page that name a feature and the state it shall have.
  const make = (event) => {
    const button = event.target.closest?.("button[data-gb-feature]");
    if (button) change(button.dataset.gbFeature, button.dataset.gbState);
  };
  document.addEventListener("click", make);
  return () => document.removeEventListener("click", make);
}
