// From the protocol header to connection.open: versions, login, limits, vhost.

import type { Method } from '../amqp/command.ts';
import { frameSnippet } from '../amqp/erlang.ts';
import { protocolHeader } from '../amqp/frame.ts';
import { decodeMethod } from '../amqp/method.ts';
import { Reader } from '../amqp/reader.ts';
import { replyText } from '../amqp/reply-code.ts';
import { Table } from '../amqp/table.ts';
import { type AmqpError, channelError, notAllowed, unexpectedFrame } from '../broker/errors.ts';
import type { Connection } from './connection.ts';
import { loginFailed, loginSucceeded } from './event-source.ts';
import { frameFailed } from './failures.ts';
import { connectionRefused } from './limits.ts';

/** The methods that the client owes us in turn; `login` while the password is being checked. */
type Expected = 'header' | 'start-ok' | 'login' | 'tune-ok' | 'open' | 'nothing';

const frameMaxLowest = 4096;

export class Handshake {
  readonly #connection: Connection;
  #expected: Expected = 'header';
  #header: Buffer = Buffer.alloc(0);
  /** Frames that came while the password was being checked. */
  #held: (() => void)[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get expectsProtocolHeader(): boolean {
    return this.#expected === 'header';
  }

  /** Takes the first 8 bytes. Returns where the frames begin in the chunk, or -1 when there are none. */
  protocolHeader(chunk: Buffer): number {
    const had = this.#header.length;
    this.#header = Buffer.concat([this.#header, chunk.subarray(0, 8 - had)]);
    if (this.#header.length < 8) return -1;
    const version = knownVersion(this.#header);
    if (version === undefined) {
      this.#refuseHeader();
      return -1;
    }
    this.#expected = 'start-ok';
    this.#connection.send(0, 'connection.start', {
      versionMajor: version[0],
      versionMinor: version[1],
      serverProperties: this.#connection.context.serverProperties,
      mechanisms: 'AMQPLAIN PLAIN',
      locales: 'en_US',
    });
    return 8 - had;
  }

  /** A method frame before connection.open. */
  method(channel: number, chunk: Buffer, start: number, end: number): void {
    if (this.#expected === 'login') {
      this.hold('method', channel, chunk, start, end);
      return;
    }
    if (this.#expected === 'nothing') return;
    if (channel !== 0) {
      if (this.#expected !== 'open') return this.#giveUp('a frame on a channel before connection.tune-ok');
      throw unexpectedFrame(frameSnippet(1, chunk.subarray(start, end)));
    }
    const method = decodeMethod(chunk, start, end);
    if (this.#expected === 'start-ok' && method.name === 'connection.start-ok') this.#startOk(method.args);
    else if (this.#expected === 'tune-ok' && method.name === 'connection.tune-ok') this.#tuneOk(method.args);
    else if (this.#expected === 'open' && method.name === 'connection.open') this.#open(method.args.virtualHost);
    else if (this.#expected === 'open') {
      this.#fail(channelError('unexpected method in connection state opening'), method.classId, method.methodId);
    } else this.#giveUp(`${method.name} where connection.${this.#expected} was expected`);
  }

  /** Keeps a frame for when the password has been checked. False when no check is under way. */
  hold(kind: 'method' | 'header' | 'body', channel: number, chunk: Buffer, start: number, end: number): boolean {
    if (this.#expected !== 'login') return false;
    const copy = Buffer.from(chunk.subarray(start, end));
    this.#held.push(() => this.#connection.dispatch[kind](channel, copy, 0, copy.length));
    return true;
  }

  #startOk(args: Extract<Method, { name: 'connection.start-ok' }>['args']): void {
    const connection = this.#connection;
    connection.clientProperties = args.clientProperties.copy();
    const capabilities = connection.clientProperties.get('capabilities');
    if (capabilities?.type === 'table') connection.capabilities = capabilities.value;
    const { givenName } = connection;
    if (givenName !== undefined)
      connection.context.log.info(`connection ${connection.name} has a client-provided name: ${givenName}`);
    connection.mechanism = args.mechanism;
    const credentials = readCredentials(args.mechanism, args.response);
    if (typeof credentials === 'string') return this.#giveUp(credentials);
    this.#expected = 'login';
    // What is held meanwhile is what came in the same chunk, and no more.
    connection.reading.pause();
    connection.context.authority
      .login(credentials.user, credentials.password, connection.peer.loopback)
      .then(
        result => {
          if (connection.state !== 'handshake') return;
          if (result.ok) {
            connection.context.broker.stats.loginsSucceeded++;
            connection.user = result.user;
            loginSucceeded(connection, result.user.name);
            this.#tune();
          } else this.#refuseLogin(args.mechanism, credentials.user, result.reason);
        },
        error => connection.run(() => frameFailed(connection, error)),
      )
      .then(() => {
        const held = this.#held;
        this.#held = [];
        for (const run of held) connection.run(run);
        connection.reading.resume();
      });
  }

  #tune(): void {
    const { limits } = this.#connection.context;
    this.#expected = 'tune-ok';
    this.#connection.send(0, 'connection.tune', {
      channelMax: limits.channelMax,
      frameMax: limits.frameMax,
      heartbeat: limits.heartbeat,
    });
  }

  #refuseLogin(mechanism: string, user: string, reason: string): void {
    const connection = this.#connection;
    connection.context.broker.stats.loginsFailed++;
    loginFailed(connection, user);
    connection.context.log.error(`login refused on AMQP connection ${connection.name}: ${reason}`);
    this.#expected = 'nothing';
    const told = connection.capabilities.get('authentication_failure_close');
    if (told?.type === 'bool' && told.value) {
      const text = `ACCESS_REFUSED - Login was refused using authentication mechanism ${mechanism}. For details see the broker logfile.`;
      connection.send(0, 'connection.close', { replyCode: 403, replyText: text, classId: 0, methodId: 0 });
    }
    connection.resetSoon();
  }

  #tuneOk(args: Extract<Method, { name: 'connection.tune-ok' }>['args']): void {
    const { limits } = this.#connection.context;
    const ids = [10, 31] as const;
    // 3.10 only cuts the socket here; the close frame is that of 4.x.
    const refusal =
      refused('frame_max', args.frameMax, frameMaxLowest, limits.frameMax) ??
      refused('channel_max', args.channelMax, 1, limits.channelMax);
    if (refusal !== undefined) return this.#fail(notAllowed(refusal), ...ids);
    this.#expected = 'open';
    this.#connection.tuned(args.frameMax, args.channelMax, args.heartbeat);
  }

  #open(name: string): void {
    const connection = this.#connection;
    const { broker, authority, connections, limits } = connection.context;
    const user = connection.user as NonNullable<typeof connection.user>;
    if (connections.size > limits.connectionsMax)
      return this.#fail(
        notAllowed(`connection refused: node connection limit (${limits.connectionsMax}) is reached`),
        10,
        40,
      );
    const vhost = broker.vhosts.get(name);
    if (vhost === undefined) return this.#fail(notAllowed(`vhost ${name} not found`), 10, 40);
    const refused = connectionRefused(connection, vhost);
    if (refused !== undefined) return this.#fail(notAllowed(refused), 10, 40);
    if (!authority.mayAccessVhost(user, name))
      return this.#fail(notAllowed(`access to vhost '${name}' refused for user '${user.name}'`), 10, 40);
    this.#expected = 'nothing';
    connection.opened(vhost);
    connection.send(0, 'connection.open-ok', { knownHosts: '' });
  }

  #fail(error: AmqpError, classId: number, methodId: number): void {
    const connection = this.#connection;
    connection.context.log.error(`closing AMQP connection ${connection.name}: ${error.message}`);
    connection.closing({ replyCode: error.code, replyText: replyText(error.code, error.text), classId, methodId });
  }

  /** Nothing sensible can be said to this client: the log gets the reason, the socket is cut. */
  #giveUp(reason: string): void {
    const connection = this.#connection;
    connection.context.log.error(`closing AMQP connection ${connection.name}: ${reason}`);
    this.#expected = 'nothing';
    connection.resetSoon();
  }

  #refuseHeader(): void {
    const connection = this.#connection;
    const text = this.#header.toString('latin1');
    let what = `unknown protocol header ${[...this.#header].join(',')}; this port speaks AMQP 0-9-1`;
    if (/^(GET|HEAD|POST|PUT|DELETE|OPTIONS) /.test(text))
      what = 'HTTP GET request detected on AMQP port. Ensure the client is connecting to the correct port';
    else if (this.#header[0] === 22 && this.#header[1] === 3)
      what = 'TLS client detected on non-TLS AMQP port. Ensure the client is connecting to the correct port';
    connection.context.log.error(`closing AMQP connection ${connection.name}: ${what}`);
    this.#expected = 'nothing';
    connection.output.append(protocolHeader);
    connection.resetNow();
  }
}

/** The version to answer with: RabbitMQ takes a few old headers for what they meant. */
function knownVersion(header: Buffer): readonly [number, number] | undefined {
  if (header.toString('latin1', 0, 4) !== 'AMQP') return undefined;
  switch ([...header.subarray(4)].join(' ')) {
    case '0 0 9 1':
    case '1 1 0 9':
      return [0, 9];
    case '1 1 8 0':
    case '1 1 9 1':
      return [8, 0];
    default:
      return undefined;
  }
}

function readCredentials(mechanism: string, response: Buffer): { user: string; password: string } | string {
  if (mechanism === 'PLAIN') {
    const [authorization, user, password, ...more] = splitAtNul(response);
    if (authorization !== '' || user === undefined || password === undefined || more.length > 0)
      return 'malformed PLAIN response: expected NUL, user, NUL, password';
    return { user, password };
  }
  if (mechanism === 'AMQPLAIN') {
    try {
      const table = Table.read(new Reader(response).view(response.length));
      const user = table.get('LOGIN');
      const password = table.get('PASSWORD');
      if (user?.type === 'longstr' && password?.type === 'longstr')
        return { user: Buffer.from(user.value).toString(), password: Buffer.from(password.value).toString() };
    } catch {
      return 'malformed AMQPLAIN response: not a field table';
    }
    return 'malformed AMQPLAIN response: it must have LOGIN and PASSWORD';
  }
  return `unknown authentication mechanism '${mechanism}'`;
}

function splitAtNul(bytes: Buffer): string[] {
  return bytes.toString('utf8').split('\0');
}

function refused(name: string, value: number, lowest: number, highest: number): string | undefined {
  if (value === 0) return `negotiated ${name} = 0 (no limit) is higher than the maximum allowed value (${highest})`;
  if (value > highest) return `negotiated ${name} = ${value} is higher than the maximum allowed value (${highest})`;
  if (value < lowest) return `negotiated ${name} = ${value} is lower than the minimum allowed value (${lowest})`;
  return undefined;
}
