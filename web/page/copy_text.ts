/** Copies text, where the browser lets the page. @module */

/** @returns what is said of it */
export async function copyText(text: string, what: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return `${what} copied.`;
  } catch {
    return "The browser did not let the page copy; select the text instead.";
  }
}
