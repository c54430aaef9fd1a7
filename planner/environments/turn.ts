/** A turn of the event loop, on whatever runs it. @module */

/** What Deno and Node have, and no browser. */
const { setImmediate } = globalThis as {
  readonly setImmediate?: (callback: () => void) => unknown;
};

/** Ends after a turn of the event loop: promises that need no waiting have settled. */
export const turn: () => Promise<void> = setImmediate
  ? () => new Promise((resolve) => void setImmediate(resolve))
  : messages();

/** A message to oneself: unlike a timer it is not slowed down when it is set again and again. */
function messages(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(undefined);
    });
}
