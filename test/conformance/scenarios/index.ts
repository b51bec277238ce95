// All scenarios, by theme.
import './handshake.ts';
