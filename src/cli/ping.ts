// `leveret ping`: whether a broker answers and is well, with one request and without a login.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { brokerCommand, report, timeSpan } from './broker-command.ts';
import { Failure } from './failure.ts';

interface PingOptions extends BrokerOptions {
  readonly timeout?: number;
}

interface Health {
  readonly status: string;
  readonly reason?: string;
}

/** Longest wait for the answer, ms. */
const timeoutMsDefault = 5000;

/** The command. */
export function pingCommand(): Command {
  return brokerCommand('ping', 'Whether a broker answers and is well. Needs no user and no password.')
    .option('--timeout <time>', 'longest wait for the answer (default: 5s)', timeSpan)
    .action(ping);
}

async function ping(options: PingOptions): Promise<void> {
  const api = new Api(options.url);
  const startedAt = performance.now();
  const about = 'health check for `leveret ping` there; is it a Leveret broker?';
  const { body, status } = await api.ask('GET /health', {
    accept: [503],
    timeoutMs: options.timeout ?? timeoutMsDefault,
    about,
  });
  const ms = Math.round(performance.now() - startedAt);
  if (status !== 200)
    throw new Failure(`the broker at ${api.where} is not well: ${(body as Health).reason || 'it does not say why'}`);
  report(options, `the broker at ${api.where} is well (${ms} ms)`, { status: 'ok', ms });
}
