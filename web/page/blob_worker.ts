/** Starts a worker whose file lies beside the page. @module */

/** An address to start it from: a blob, so that the page's policy binds the worker too, whatever the host sends with its files. */
export function workerUrl(file: string): string {
  const script = new URL(file, document.baseURI).href;
  return URL.createObjectURL(
    new Blob([`importScripts(${JSON.stringify(script)});`], {
      type: "text/javascript",
    }),
  );
}
