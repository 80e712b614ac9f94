const root = document.documentElement;

function speak(language) {
  root.lang = language;
  for (const node of document.querySelectorAll("[data-attribute]")) node.setAttribute(node.dataset.attribute, node.dataset[language]);
  document.title = document.querySelector("title").dataset.title;
  press("language", language);
}

function dress(theme) {
  root.dataset.theme = theme;
  press("theme", theme);
}

function press(choice, value) {
  for (const button of document.querySelectorAll(`button[data-${choice}]`)) button.setAttribute("aria-pressed", String(button.dataset[choice] === value));
}

for (const button of document.querySelectorAll("button[data-language]")) button.addEventListener("click", () => speak(button.dataset.language));
for (const button of document.querySelectorAll("button[data-theme]")) button.addEventListener("click", () => dress(button.dataset.theme));
speak(navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en");
