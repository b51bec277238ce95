// All scenarios, by theme.
import './handshake.ts';
import './framing.ts';
import './channel.ts';
import './exchange.ts';
import './queue.ts';
import './routing.ts';
import './consume.ts';
import './settle.ts';
import './guarantees.ts';
import './permission.ts';
import './liveness.ts';
import './arguments.ts';
import './alternate.ts';
import './copies.ts';
import './headers-exchange.ts';
import './bindings-between-exchanges.ts';
import './policy.ts';
