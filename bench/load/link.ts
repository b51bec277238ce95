// One connection to a broker: login, calls with an answer, and raw bytes in and out.
import net from 'node:net';
import { FrameScanner, type FrameSink } from './frame-scanner.ts';
import { frameMaxBytes, frameType, longString, method, methodId, shortString, u8, u16, u32 } from './wire.ts';

const answerTimeoutMs = 60_000;

interface Waiting {
  answer: number;
  resolve: (args: Buffer) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** A logged-in connection. Frames go to `sink`: the link itself, which answers calls, until the load puts itself there. */
export class Link implements FrameSink {
  readonly scanner: FrameScanner;
  sink: FrameSink = this;
  /** Called after the frames of each read. */
  onRead: () => void = () => {};
  /** Called once when the connection is lost or the broker closes it; calls in flight are rejected too. */
  onFailure: (error: Error) => void = () => {};
  readonly #socket: net.Socket;
  readonly #waiting: Waiting[] = [];
  #failure: Error | undefined;

  private constructor(port: number, readBytes: number) {
    this.scanner = new FrameScanner(readBytes);
    this.#socket = net.connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: { buffer: () => this.scanner.room() as Buffer, callback: count => this.#read(count) },
    });
    this.#socket.on('error', error => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the broker dropped the connection')));
  }

  /** Connects and logs in as guest. `readBytes` is the size of the read buffer: at least the largest frame to come. */
  static async open(port: number, readBytes: number = 1 << 20): Promise<Link> {
    const link = new Link(port, readBytes);
    try {
      const started = link.#wait(methodId.connectionStart);
      link.write(Buffer.from('AMQP\x00\x00\x09\x01', 'latin1'));
      await started;
      const credentials = [longString(), shortString('PLAIN'), longString('\0guest\0guest'), shortString('en_US')];
      const tune = await link.call(0, methodId.connectionStartOk, methodId.connectionTune, ...credentials);
      const channelMax = tune.readUInt16BE(0) || 65_535;
      const frameMax = Math.min(tune.readUInt32BE(2) || frameMaxBytes, frameMaxBytes);
      link.write(method(0, methodId.connectionTuneOk, u16(channelMax), u32(frameMax), u16(0)));
      const host = [shortString('/'), shortString(''), u8(0)];
      await link.call(0, methodId.connectionOpen, methodId.connectionOpenOk, ...host);
      return link;
    } catch (error) {
      link.destroy();
      throw error;
    }
  }

  /** Sends a method and waits for its answer; resolves with the answer's arguments. Calls may be pipelined. */
  call(channel: number, id: number, answer: number, ...args: Uint8Array[]): Promise<Buffer> {
    const answered = this.#wait(answer);
    this.write(method(channel, id, ...args));
    return answered;
  }

  /** Queues bytes for sending; they must not change before `sent` is called. */
  write(bytes: Uint8Array, sent?: () => void): void {
    this.#socket.write(bytes, error => {
      if (!error) sent?.();
    });
  }

  /** Closes politely; resolves when the broker has read all that was sent before. */
  async close(): Promise<void> {
    if (this.#failure) throw this.#failure;
    const args = [u16(200), shortString(''), u16(0), u16(0)];
    await this.call(0, methodId.connectionClose, methodId.connectionCloseOk, ...args);
    this.destroy();
  }

  /** Drops the connection without a word. */
  destroy(): void {
    this.#failure ??= new Error('the connection was closed here');
    this.#socket.destroy();
  }

  /** Takes a method that is no delivery: the answer to a call, or the broker closing something. */
  frame(type: number, _channel: number, start: number, end: number): void {
    if (type !== frameType.method) return;
    const id = this.scanner.view.getUint32(start);
    const args = Buffer.from(this.scanner.bytes.subarray(start + 4, end));
    if (id === methodId.connectionClose || id === methodId.channelClose) {
      this.#fail(new Error(`the broker closed: ${args.readUInt16BE(0)} ${args.toString('utf8', 3, 3 + args[2]!)}`));
      return;
    }
    const waiting = this.#waiting[0];
    if (waiting?.answer !== id) {
      if (!this.#failure) this.#fail(new Error(`the broker sent method ${id >>> 16}.${id & 0xffff} unasked`));
      return;
    }
    this.#waiting.shift();
    clearTimeout(waiting.timer);
    waiting.resolve(args);
  }

  #wait(answer: number): Promise<Buffer> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const what = `${answer >>> 16}.${answer & 0xffff}`;
      const late = () => this.#fail(new Error(`the broker sent no ${what} within ${answerTimeoutMs / 1000} s`));
      this.#waiting.push({ answer, resolve, reject, timer: setTimeout(late, answerTimeoutMs) });
    });
  }

  #read(count: number): boolean {
    try {
      this.scanner.take(count, this.sink);
      this.onRead();
    } catch (error) {
      this.#fail(error as Error);
    }
    return true;
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    for (const waiting of this.#waiting.splice(0)) {
      clearTimeout(waiting.timer);
      waiting.reject(error);
    }
    this.#socket.destroy();
    this.onFailure(error);
  }
}
