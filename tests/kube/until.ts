/** Waiting for something outside this process, within a bound. @module */

const ASK_MS = 10;

/**
 * Asks again and again until something holds. For what a test cannot be told of: another process's file, an API
 * server's policy cache.
 *
 * @param what ends the sentence "In vain waited until …"
 * @param holds a truthy value ends the wait
 * @returns that value
 * @throws {Error} when `withinMs` are over
 */
export async function until<T>(
  what: string,
  holds: () => Promise<T> | T,
  withinMs = 30_000,
): Promise<NonNullable<T>> {
  const endMs = performance.now() + withinMs;
  while (true) {
    const value = await holds();
    if (value) return value;
    if (performance.now() > endMs) {
      throw new Error(`In vain waited until ${what}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
  }
}
