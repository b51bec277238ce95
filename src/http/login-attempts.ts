// Logins that were tried, by protocol, since the start or since somebody set the counts back.
import type { BrokerStats } from '../broker/stats.ts';

interface Count {
  readonly succeeded: number;
  readonly failed: number;
}

const none: Count = { succeeded: 0, failed: 0 };

export class LoginAttempts {
  readonly #broker: Pick<BrokerStats, 'loginsSucceeded' | 'loginsFailed'>;
  #http = none;
  /** What the broker had counted when the counts were set back: its own only rise. */
  #before = none;

  constructor(broker: Pick<BrokerStats, 'loginsSucceeded' | 'loginsFailed'>) {
    this.#broker = broker;
  }

  /** A login to the API. */
  count(outcome: keyof Count): void {
    this.#http = { ...this.#http, [outcome]: this.#http[outcome] + 1 };
  }

  /** Begins to count anew. */
  reset(): void {
    this.#http = none;
    this.#before = { succeeded: this.#broker.loginsSucceeded, failed: this.#broker.loginsFailed };
  }

  /** As RabbitMQ shows them. */
  view(): object[] {
    const { loginsSucceeded, loginsFailed } = this.#broker;
    const amqp = { succeeded: loginsSucceeded - this.#before.succeeded, failed: loginsFailed - this.#before.failed };
    return [protocolView('http', this.#http), protocolView('amqp091', amqp)];
  }
}

function protocolView(protocol: string, { succeeded, failed }: Count): object {
  return {
    protocol,
    auth_attempts: succeeded + failed,
    auth_attempts_failed: failed,
    auth_attempts_succeeded: succeeded,
  };
}
