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
import './exchange-types.ts';
import './reply-to.ts';
