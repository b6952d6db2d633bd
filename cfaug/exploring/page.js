"use strict";

const $ = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];
const state = { image: null, index: null, place: 0, shown: null, wish: 0, strip: 0 };
const last = Number($("#number input").max);
const page = Number($("#thumbnails").dataset.count);
let asked = 0;

function say(text, wrong = false) {
  $("#message").textContent = text;
  $("#message").classList.toggle("wrong", wrong);
}

async function ask(path, body) {
  const raw = body instanceof Blob;
  const headers = { "Content-Type": raw ? "application/octet-stream" : "application/json" };
  const options = { method: "POST", headers, body: raw ? body : JSON.stringify(body) };
  const answer = await fetch(`api/${path}`, options);
  if (answer.status === 500) throw new Error("cfaug failed at this; its window says at what");
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error);
  return found;
}

function chosen(role) {
  const fields = all(`select[data-role="${role}"]`);
  return Object.fromEntries(fields.map((field) => [field.dataset.attribute, field.value]));
}

function choose(role, values) {
  for (const field of all(`select[data-role="${role}"]`)) {
    const value = values[field.dataset.attribute];
    if (value !== undefined) field.value = value;
  }
}

function mark() {
  const targets = chosen("make it");
  for (const strip of all(".strip")) {
    for (const button of strip.children) {
      const pressed = targets[strip.dataset.attribute] === button.dataset.value;
      button.setAttribute("aria-pressed", String(pressed));
    }
  }
}

function tell(table, before, after) {
  const rows = [...table.tBodies[0].rows];
  const names = rows.map((row) => row.cells[0].textContent);
  const best = [before, after].map((column) => names[column.indexOf(Math.max(...column))]);
  const flips = best[0] === best[1] ? "" : ", flips";
  table.querySelector("output").textContent = `${best[0]} before, ${best[1]} after${flips}`;
  rows.forEach((row, k) => {
    [before[k], after[k]].forEach((share, column) => {
      const cell = row.cells[column + 1];
      cell.textContent = share.toFixed(1);
      cell.style.backgroundColor = `rgb(74 144 194 / ${(0.55 * share) / 100})`;
    });
  });
}

async function edit() {
  const number = ++asked;
  mark();
  const wish = { image: state.image, attributes: chosen("is"), targets: chosen("make it") };
  const found = await ask("edit", wish);
  if (number !== asked) return; // a later wish has been made
  $("#after").src = found.edited;
  $("#difference").src = found.difference;
  for (const table of all(".opinion")) {
    const name = table.dataset.classifier;
    tell(table, found.before[name], found.after[name]);
  }
  $("#time").textContent = `answered in ${found.milliseconds} ms`;
}

async function grid() {
  const image = state.image;
  const attributes = chosen("is");
  const { rows, said } = await ask("grid", { image, attributes });
  if (image !== state.image) return;
  const label = attributes[$(".strip[data-label]").dataset.attribute];
  all(".strip").forEach((strip, i) => {
    [...strip.children].forEach((button, k) => {
      button.firstChild.src = rows[i][k];
      const wanted = strip.dataset.label ? button.dataset.value : label;
      for (const field of button.querySelectorAll("small")) {
        field.textContent = said[i][k][field.dataset.classifier];
        field.classList.toggle("wrong", field.textContent !== wanted);
      }
    });
  });
}

async function thumbnails(start) {
  const strip = ++state.strip;
  if (start !== state.shown) {
    const { images } = await ask("thumbnails", { start });
    if (strip !== state.strip) return; // others have been asked for
    const buttons = images.map(({ image, caption }, k) => {
      const button = document.createElement("button");
      const picture = document.createElement("img");
      picture.src = image;
      picture.alt = button.title = `${start + k}: ${caption}`;
      button.type = "button";
      button.dataset.index = start + k;
      button.append(picture);
      button.addEventListener("click", attempt(() => open(start + k)));
      return button;
    });
    $("#thumbnails").replaceChildren(...buttons);
    state.shown = start;
  }
  for (const button of $("#thumbnails").children) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.index) === state.index));
  }
}

const blockOf = (index) => index - (index % page);

async function show(found, origin) {
  state.image = found.image;
  $("#before").src = found.image;
  choose("is", found.attributes ?? {});
  choose("make it", found.attributes ?? {});
  for (const field of all('select[data-role="is"]')) field.disabled = !found.guessed;
  $("#origin").textContent = origin;
  await edit();
  await grid();
}

async function open(index) {
  const wish = ++state.wish;
  const place = Math.min(Math.max(index, 0), last);
  state.index = state.place = $("#number input").value = place;
  await thumbnails(blockOf(place));
  const found = await ask("image", { index: place });
  if (wish !== state.wish) return false; // another image has been chosen
  await show(found, `Attributes of test image ${place}`);
  return wish === state.wish;
}

function attempt(action) {
  return async (event) => {
    event?.preventDefault();
    say("");
    try {
      await action(event);
    } catch (error) {
      say(error.message, true);
    }
  };
}

async function upload() {
  const [file] = $("#upload").files;
  if (!file) return;
  const wish = ++state.wish;
  const found = await ask("upload", file);
  if (wish !== state.wish) return; // another image has been chosen
  state.index = null;
  for (const button of $("#thumbnails").children) button.setAttribute("aria-pressed", "false");
  const origin = found.attributes
    ? "Attributes as a network guesses them; correct what is wrong"
    : "Attributes are not known; choose what the image has";
  await show(found, origin);
}

async function flip() {
  const form = new FormData($("#flip"));
  const wish = { classifier: form.get("classifier"), attribute: form.get("attribute") };
  const start = state.place < last ? state.place + 1 : 0;
  const found = await ask("flip", { ...wish, start });
  if (found.index === null) {
    state.place = found.looked_to > last ? -1 : found.looked_to - 1;
    say(`No flip in test images ${start} to ${found.looked_to - 1}. Once more to look further.`);
    return;
  }
  if (!(await open(found.index))) return;
  choose("make it", { [wish.attribute]: found.value });
  await edit();
  say(`Test image ${found.index}: ${wish.classifier} flips with ${wish.attribute} ${found.value}.`);
}

$("#number").addEventListener("submit", attempt(() => open(Number($("#number input").value))));
$("#previous").addEventListener("click", attempt(() => thumbnails(Math.max(state.shown - page, 0))));
$("#next").addEventListener("click", attempt(() => thumbnails(Math.min(state.shown + page, blockOf(last)))));
$("#random").addEventListener("click", attempt(() => open(Math.floor(Math.random() * (last + 1)))));
$("#upload").addEventListener("change", attempt(upload));
$("#flip")?.addEventListener("submit", attempt(flip));
for (const field of all('select[data-role="make it"]')) field.addEventListener("change", attempt(edit));
for (const field of all('select[data-role="is"]')) {
  field.addEventListener("change", attempt(async () => {
    await edit();
    await grid();
  }));
}
for (const strip of all(".strip")) {
  for (const button of strip.children) {
    button.addEventListener("click", attempt(async () => {
      choose("make it", { [strip.dataset.attribute]: button.dataset.value });
      await edit();
    }));
  }
}
attempt(() => open(0))();
