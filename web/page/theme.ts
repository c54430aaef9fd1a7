/** Light, dark, or as the system has it; and the colours that plots draw with. @module */

/** What a person chose. */
export type Theme = "auto" | "light" | "dark";

const KEY = "wattkeeper.theme";

/** The choice that this browser keeps. */
export function keptTheme(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "auto";
  } catch {
    return "auto";
  }
}

/** Shows a theme and keeps it. */
export function showTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // A browser that keeps nothing shows it until the page closes.
  }
}

/** Colours of the style sheet as they are now. */
export function colors(): Readonly<
  Record<
    | "ink"
    | "soft"
    | "rule"
    | "surface"
    | "prefill"
    | "decode"
    | "workers"
    | "accent"
    | "bad",
    string
  >
> {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of("ink"),
    soft: of("soft"),
    rule: of("rule"),
    surface: of("surface"),
    prefill: of("prefill"),
    decode: of("decode"),
    workers: of("workers"),
    accent: of("accent"),
    bad: of("bad"),
  };
}

/** Calls back when the colours may be others. @returns ends it */
export function onThemeChange(callback: () => void): () => void {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(callback);
  observer.observe(document.documentElement, {
    attributeFilter: ["data-theme"],
  });
  query.addEventListener("change", callback);
  return () => {
    observer.disconnect();
    query.removeEventListener("change", callback);
  };
}
