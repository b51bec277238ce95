// Topic permissions: which routing keys a user may publish with, and bind, on a topic exchange.
import { compilePattern } from './permission.ts';

export type TopicRight = 'write' | 'read';

/** The two patterns as they were given; `{username}` and `{vhost}` in them stand for the user's name and the vhost's. */
export interface TopicPatterns {
  readonly write: string;
  readonly read: string;
}

const nothing = /(?!)/u;

/** The compiled patterns of one user for one exchange. */
export class TopicPermission {
  readonly patterns: TopicPatterns;
  readonly #compiled: Record<TopicRight, RegExp>;

  /** Never throws: a pattern that does not compile allows nothing. */
  constructor(patterns: TopicPatterns, user: string, vhost: string) {
    this.patterns = { write: patterns.write, read: patterns.read };
    const compiled = (pattern: string): RegExp => {
      try {
        return compilePattern(expanded(pattern, user, vhost), 'topic');
      } catch {
        return nothing;
      }
    };
    this.#compiled = { write: compiled(patterns.write), read: compiled(patterns.read) };
  }

  /** Whether the pattern matches anywhere in the routing key. */
  allows(right: TopicRight, routingKey: string): boolean {
    return this.#compiled[right].test(routingKey);
  }
}

/** @throws PatternError for a pattern that does not compile; call it where patterns come in from outside. */
export function checkTopicPatterns({ write, read }: TopicPatterns): void {
  for (const pattern of [write, read]) compilePattern(expanded(pattern, 'user', 'vhost'), 'topic');
}

/**
 * `{client_id}` is of protocols whose clients have one; of AMQP's it stays as it is, which no key matches. Names stand for themselves,
 * whatever their characters mean in patterns.
 */
function expanded(pattern: string, user: string, vhost: string): string {
  const literal = (name: string): string => name.replace(/[\^$\\.*+?()[\]{}|/]/g, '\\$&');
  return pattern.replace(/\{(username|vhost|client_id)\}/g, (_, variable: string) => {
    if (variable === 'username') return literal(user);
    return variable === 'vhost' ? literal(vhost) : literal('{client_id}');
  });
}
