/** Turns between which a worker hears new messages, and a question that a newer one ends. @module */

/** Thrown inside work that a newer question made useless. */
export class Superseded extends Error {
  override readonly name = "Superseded";
}

const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

/** Ends after every message that has already arrived was heard; unlike a timer it is not slowed down when nested. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(undefined);
  });
}
