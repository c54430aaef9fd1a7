/** Hands a file to the person, made in the page. @module */

/** Saves a blob under a name. */
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Saves text. */
export function saveText(text: string, name: string, type: string): void {
  save(new Blob([text], { type }), name);
}
