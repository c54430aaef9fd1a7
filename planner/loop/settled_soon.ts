/** A short wait without time. @module */

/** A few turns of the event loop for what needs no waiting. */
export async function settledSoon(
  work: Promise<unknown> | undefined,
): Promise<void> {
  if (!work) return;
  let done = false;
  const mark = () => void (done = true);
  work.then(mark, mark);
  for (let turn = 0; turn < 20 && !done; turn++) await Promise.resolve();
}
