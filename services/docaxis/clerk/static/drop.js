// Files may be dropped where they are chosen. Without this script the buttons do the same, and they stay for everybody.
"use strict";

const inputs = [...document.querySelectorAll("input[type=file][data-drop]")];

function give(input, files) {
  const kept = new DataTransfer();
  const room = input.multiple ? files.length : 1;
  for (const file of input.multiple ? input.files : []) kept.items.add(file);
  for (const file of files.slice(0, room)) kept.items.add(file);
  input.files = kept.files;
  input.dispatchEvent(new Event("change"));
  return files.slice(room);
}

for (const input of inputs) {
  const place = document.createElement("p");
  const told = document.createElement("span");
  place.className = "drop";
  told.setAttribute("role", "status");
  place.append(input.dataset.drop, " ", told);
  input.after(place);
  input.addEventListener("change", () => {
    told.textContent = [...input.files].map((file) => file.name).join(", ");
  });
  for (const target of [input, place]) {
    target.addEventListener("dragover", () => place.classList.add("over"));
    target.addEventListener("dragleave", () => place.classList.remove("over"));
    target.addEventListener("drop", (event) => {
      event.preventDefault();
      place.classList.remove("over");
      // One main file: what else was dropped with it goes along as enclosures.
      const more = give(input, [...event.dataTransfer.files]);
      if (more.length) give(document.getElementById("file-enclosure"), more);
    });
  }
}

// A file dropped beside a place would leave the page, and what was typed with it.
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
