// The connection of `publish` and `consume` to a broker, with what goes wrong told in plain sentences.
import { type ChannelModel, connect } from 'amqplib';
import { Failure } from './failure.ts';

/** The help of `--url`. */
export const URL_HELP = 'where the broker is, as amqp://user:password@host:port/vhost (AMQP_URL, or amqp://localhost)';

/** Connects to the `--url` given, or else to AMQP_URL. @throws Failure naming the address, never the password. */
export async function connectTo(given: string | undefined, connectionName: string): Promise<ChannelModel> {
  const url = given ?? (process.env['AMQP_URL'] || 'amqp://localhost');
  const parsed = parseUrl(url);
  const where = parsed.port ? parsed.host : `${parsed.hostname}:${parsed.protocol === 'amqps:' ? 5671 : 5672}`;
  try {
    const connection = await connect(url, { clientProperties: { connection_name: connectionName } });
    // Without a listener an error would end the process with a stack; whoever waits for something hears of it from 'close'.
    connection.on('error', () => {});
    return connection;
  } catch (error) {
    throw new Failure(explainConnect(error as NodeJS.ErrnoException, where, parsed));
  }
}

/** Closes the connection if it is still there; what mattered has been told by then. */
export async function closeQuietly(connection: ChannelModel): Promise<void> {
  try {
    await connection.close();
  } catch {
    // The broker or the network was quicker.
  }
}

/** What the broker said, out of amqplib's message around it. */
export function brokerWords(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /with message "(.*)"/s.exec(message)?.[1] ?? message;
}

function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'amqp:' || parsed?.protocol === 'amqps:') return parsed;
  throw new Failure('the url must have the form amqp://user:password@host:port/vhost', 2);
}

function explainConnect(error: NodeJS.ErrnoException, where: string, url: URL): string {
  const user = decodeURIComponent(url.username) || 'guest';
  if (error.code === 'ECONNREFUSED') {
    return `no broker answers at ${where}; start one with \`leveret start\`, or say where it is with --url`;
  }
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') return `there is no host ${url.hostname}; check --url`;
  if (/ACCESS.REFUSED/.test(error.message)) {
    return `the broker at ${where} does not let user '${user}' in; check the name and the password in --url`;
  }
  return `cannot connect to ${where}: ${brokerWords(error)}`;
}
