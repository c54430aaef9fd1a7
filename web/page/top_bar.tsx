/** The bar on top of both pages, and the notice that lies over a corner. @module */

import { useState } from "preact/hooks";
import { keptTheme, showTheme, type Theme } from "./theme.ts";

const THEMES: readonly { readonly theme: Theme; readonly name: string }[] = [
  { theme: "auto", name: "Auto" },
  { theme: "light", name: "Light" },
  { theme: "dark", name: "Dark" },
];

/** Name, pages, theme. */
export function TopBar(
  { page, isBusy, children }: {
    readonly page: "planner" | "dashboard";
    readonly isBusy: boolean;
    readonly children?: preact.ComponentChildren;
  },
) {
  const [theme, setTheme] = useState(keptTheme);
  const dashboard = document.documentElement.dataset["dashboard"] ?? "";
  const pages = [
    { name: "Capacity", href: "planner.html", here: page === "planner" },
    ...(dashboard === "" && page !== "dashboard" ? [] : [{
      name: "Fleet",
      href: dashboard || "dashboard.html",
      here: page === "dashboard",
    }]),
  ];
  return (
    <header class="top">
      <span class="brand">
        <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
          <path
            d="M2 14.5a8 8 0 1 1 16 0"
            fill="none"
            stroke="currentColor"
            stroke-width="2"
            stroke-linecap="round"
          />
          <path
            d="M10 14.5 14 8"
            stroke="var(--accent)"
            stroke-width="2.4"
            stroke-linecap="round"
          />
        </svg>
        <span class="brand-name">Wattkeeper</span>
      </span>
      <nav aria-label="Pages">
        {pages.map(({ name, href, here }) => (
          <a key={name} href={href} aria-current={here ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      {children}
      {page === "planner" && (
        <span
          class="private"
          title="The Content-Security-Policy of this page lets it connect to nothing: questions, packs and traces stay here."
        >
          Nothing leaves this machine
        </span>
      )}
      <label class="theme">
        <span class="visually-hidden">Theme</span>
        <select
          value={theme}
          onChange={(event) => {
            const chosen =
              THEMES.find((one) => one.theme === event.currentTarget.value)
                ?.theme ?? "auto";
            setTheme(chosen);
            showTheme(chosen);
          }}
        >
          {THEMES.map((one) => (
            <option key={one.theme} value={one.theme}>{one.name}</option>
          ))}
        </select>
      </label>
      <span
        class={`progress${isBusy ? " progress-on" : ""}`}
        aria-hidden="true"
      />
    </header>
  );
}

/** A message that covers nothing of use and moves nothing. */
export function Notice(
  { notice, dismiss }: {
    readonly notice:
      | { readonly text: string; readonly retry?: () => void }
      | undefined;
    readonly dismiss: () => void;
  },
) {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notice && (
        <div class="notice">
          <span>{notice.text}</span>
          {notice.retry && (
            <button type="button" onClick={notice.retry}>Start again</button>
          )}
          <button type="button" class="quiet" onClick={dismiss}>Dismiss</button>
        </div>
      )}
    </div>
  );
}
