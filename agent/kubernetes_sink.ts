/** The node's report as an object of the API server: made when missing, replaced version by version (C19, R40). @module */

import {
  type ApiClient,
  ApiError,
  Backoff,
  type BackoffBounds,
  type Clock,
  decodeNodePowerReport,
  encodeNodePowerReport,
  type NodePowerReport,
  type Random,
  REPORT_API_VERSION,
  REPORT_KIND,
  REPORTS_PATH,
} from "../cluster/mod.ts";
import type { AgentLog } from "./agent.ts";
import type { ReportSink, SinkCounts } from "./ports.ts";

/** What a sink works with. */
export interface KubernetesSinkOptions {
  readonly client: ApiClient;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Told when deliveries begin to fail, and when they work again. */
  readonly log: Pick<AgentLog, "info" | "warning">;
}

/** The stored object, as far as the next write goes. */
interface Stored {
  readonly resourceVersion: string;
  /** −1 before the first report. */
  readonly sequence: number;
  readonly observedAt: unknown;
}

/** A conflict or a lost answer is looked into soon; a server that is away is asked every 15 s. */
const RETRY_DELAYS: BackoffBounds = {
  firstMs: 200,
  maxMs: 15_000,
  maxRetryAfterMs: 60_000,
};

/**
 * Writes the newest report there is; older ones that could not be written are dropped. One write at a time, so that
 * reports arrive in their order. Before its first write it reads what the server holds: that is evidence after a lost
 * record, and must not be written over unread.
 */
export class KubernetesSink implements ReportSink {
  readonly #options: KubernetesSinkOptions;
  readonly #path: string;
  readonly #backoff: Backoff;
  readonly #counts = { delivered: 0, failed: 0 };
  readonly #last = Promise.withResolvers<NodePowerReport | undefined>();
  #next: NodePowerReport | undefined;
  #first: Promise<void> | undefined;
  #stored: Stored | "absent" | undefined;
  #fault: string | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(options: KubernetesSinkOptions) {
    this.#options = options;
    this.#path = `${REPORTS_PATH}/${encodeURIComponent(options.nodeName)}`;
    this.#backoff = new Backoff(options.random, RETRY_DELAYS);
  }

  publish(report: NodePowerReport): void {
    this.#next = report;
    this.#change();
  }

  /** Asks the server at once, since a start waits for it; a read that fails is repeated by `run`. */
  last(): Promise<NodePowerReport | undefined> {
    this.#first ??= this.#readFirst();
    return this.#last.promise;
  }

  async #readFirst(): Promise<void> {
    try {
      this.#stored ??= await this.#read();
    } catch {
      // `run` tries again, and says why it does not succeed.
    }
  }

  fault(): string | undefined {
    return this.#fault;
  }

  counts(): SinkCounts {
    return this.#counts;
  }

  async flush(signal: AbortSignal): Promise<void> {
    while (this.#next !== undefined && !signal.aborted) {
      await this.#untilChanged(signal);
    }
  }

  /** Delivers until `signal` aborts. Never throws for anything the server does. */
  async run(signal: AbortSignal): Promise<void> {
    // From here on the loop reads, unless somebody has asked before.
    await (this.#first ??= Promise.resolve());
    while (!signal.aborted) {
      try {
        this.#stored ??= await this.#read(signal);
        const report = this.#next;
        if (report === undefined) await this.#untilChanged(signal);
        else await this.#deliver(report, this.#stored, signal);
      } catch (error) {
        if (signal.aborted) return;
        // Whatever it was, the next attempt starts from what the server then holds.
        this.#stored = undefined;
        this.#counts.failed++;
        this.#say(messageOf(error));
        const asked = error instanceof ApiError ? error.retryAfterMs : 0;
        await this.#options.clock.sleep(this.#backoff.next(asked), signal);
      }
    }
  }

  async #deliver(
    report: NodePowerReport,
    stored: Stored | "absent",
    signal: AbortSignal,
  ): Promise<void> {
    const { client } = this.#options;
    const object = encodeNodePowerReport(report);
    const before = stored === "absent"
      ? storedOf(
        await client.create(REPORTS_PATH, {
          apiVersion: REPORT_API_VERSION,
          kind: REPORT_KIND,
          metadata: object.metadata,
        }, signal),
      )
      : stored;
    if (isSame(before, report)) return this.#delivered(report, before);
    if (before.sequence >= report.sequence) {
      return this.#outdated(report, before);
    }
    const written = await client.replace(`${this.#path}/status`, {
      ...object,
      metadata: {
        ...object.metadata,
        resourceVersion: before.resourceVersion,
      },
    }, signal);
    this.#delivered(report, storedOf(written));
  }

  #delivered(report: NodePowerReport, stored: Stored): void {
    this.#stored = stored;
    this.#backoff.reset();
    this.#counts.delivered++;
    this.#done(report);
    this.#say(undefined);
  }

  /** The server holds a later report than ours: of a record that was lost, or of another agent. */
  #outdated(report: NodePowerReport, { sequence }: Stored): void {
    this.#done(report);
    this.#counts.failed++;
    this.#stored = undefined;
    this.#say(
      `the API server holds report ${sequence}, and this is only ${report.sequence}`,
    );
  }

  #done(report: NodePowerReport): void {
    if (this.#next === report) this.#next = undefined;
    this.#change();
  }

  async #read(signal?: AbortSignal): Promise<Stored | "absent"> {
    const { client, nodeName } = this.#options;
    try {
      const object = await client.get(this.#path, signal);
      const reading = decodeNodePowerReport(object);
      this.#last.resolve(
        reading.kind === "report" ? reading.report : undefined,
      );
      return storedOf(object);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      if (!isOfThisObject(error, nodeName)) {
        throw new Error(
          `the API server does not know the kind ${REPORT_KIND}: apply deploy/base/crd`,
          { cause: error },
        );
      }
      this.#last.resolve(undefined);
      return "absent";
    }
  }

  /** Takes note of a fault or its end; says each once. */
  #say(fault: string | undefined): void {
    const { log } = this.#options;
    if (fault !== undefined && fault !== this.#fault) {
      log.warning(`The report is not delivered: ${fault}`);
    } else if (fault === undefined && this.#fault !== undefined) {
      log.info("The report is delivered again.");
    }
    this.#fault = fault;
  }

  #change(): void {
    const before = this.#changed;
    this.#changed = Promise.withResolvers();
    before.resolve();
  }

  async #untilChanged(signal: AbortSignal): Promise<void> {
    const { promise } = this.#changed;
    const wake = () => this.#change();
    signal.addEventListener("abort", wake, { once: true });
    await promise;
    signal.removeEventListener("abort", wake);
  }
}

/** Whether a write whose answer was lost has landed. */
function isSame(stored: Stored, report: NodePowerReport): boolean {
  return stored.sequence === report.sequence &&
    stored.observedAt === report.observedAt.toISOString();
}

/** Whether a 404 speaks of the object; without the CRD it speaks of the page. */
function isOfThisObject(error: ApiError, nodeName: string): boolean {
  return error.reason === "NotFound" && error.message.includes(`"${nodeName}"`);
}

function storedOf(object: unknown): Stored {
  const version = field(field(object, "metadata"), "resourceVersion");
  if (typeof version !== "string") {
    throw new Error("the API server's answer has no resourceVersion");
  }
  const status = field(object, "status");
  const sequence = field(status, "sequence");
  return {
    resourceVersion: version,
    sequence: typeof sequence === "number" ? sequence : -1,
    observedAt: field(status, "observedAt"),
  };
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? Reflect.get(value, key)
    : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
