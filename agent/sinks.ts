/** Places for reports that need no cluster: a file, standard output, several at once. @module */

import {
  decodeNodePowerReport,
  encodeNodePowerReport,
  type NodePowerReport,
} from "../cluster/mod.ts";
import type { ReportSink, SinkCounts } from "./ports.ts";
import type { StateFiles } from "./state_files.ts";

const FILE = "report.json";

/** The newest report in the state directory, replaced whole. */
export class FileSink implements ReportSink {
  #next: NodePowerReport | undefined;
  #writing: Promise<void> | undefined;
  #fault: string | undefined;
  readonly #counts = { delivered: 0, failed: 0 };

  constructor(private readonly files: StateFiles) {}

  publish(report: NodePowerReport): void {
    this.#next = report;
    this.#writing ??= this.#write();
  }

  async last(): Promise<NodePowerReport | undefined> {
    try {
      const text = await this.files.read(FILE);
      if (text === undefined) return undefined;
      const reading = decodeNodePowerReport(JSON.parse(text));
      return reading.kind === "report" ? reading.report : undefined;
    } catch {
      return undefined;
    }
  }

  async flush(): Promise<void> {
    await this.#writing;
  }

  fault(): string | undefined {
    return this.#fault;
  }

  counts(): SinkCounts {
    return this.#counts;
  }

  async #write(): Promise<void> {
    while (this.#next) {
      const report = this.#next;
      this.#next = undefined;
      try {
        const text = JSON.stringify(encodeNodePowerReport(report));
        await this.files.writeDurably(`${FILE}.new`, text);
        await this.files.rename(`${FILE}.new`, FILE);
        this.#fault = undefined;
        this.#counts.delivered++;
      } catch (error) {
        this.#counts.failed++;
        this.#fault = error instanceof Error ? error.message : String(error);
      }
    }
    this.#writing = undefined;
  }
}

/** One JSON line a report. */
export class LineSink implements ReportSink {
  readonly #counts = { delivered: 0, failed: 0 };

  constructor(private readonly write: (line: string) => void) {}

  publish(report: NodePowerReport): void {
    this.#counts.delivered++;
    this.write(`${JSON.stringify(encodeNodePowerReport(report))}\n`);
  }
  last(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
  flush(): Promise<void> {
    return Promise.resolve();
  }
  fault(): undefined {
    return undefined;
  }
  counts(): SinkCounts {
    return this.#counts;
  }
}

/** Hands every report to all; the newest of their last ones is the node's last. */
export class ManySinks implements ReportSink {
  constructor(private readonly sinks: readonly ReportSink[]) {}

  publish(report: NodePowerReport, urgent: boolean): void {
    for (const sink of this.sinks) sink.publish(report, urgent);
  }
  async last(): Promise<NodePowerReport | undefined> {
    const all = await Promise.all(this.sinks.map((sink) => sink.last()));
    return all.filter((report) => report !== undefined)
      .sort((a, b) => b.sequence - a.sequence)[0];
  }
  async flush(signal: AbortSignal): Promise<void> {
    await Promise.all(this.sinks.map((sink) => sink.flush(signal)));
  }
  fault(): string | undefined {
    return this.sinks.map((sink) => sink.fault()).find((fault) => fault);
  }
  counts(): SinkCounts {
    const all = this.sinks.map((sink) => sink.counts());
    return {
      delivered: all.reduce((sum, { delivered }) => sum + delivered, 0),
      failed: all.reduce((sum, { failed }) => sum + failed, 0),
    };
  }
}
