// What one setting is: its name, where it may come from, what it takes.
import type { Kind } from '../config-value.ts';

/** One setting. */
export interface Key<T> {
  /** Its name in a config file, if it has one; RabbitMQ's where RabbitMQ has the setting. */
  readonly key?: string;
  /** Other names in a config file. */
  readonly aliases?: readonly string[];
  /** Environment variables, the strongest first. */
  readonly env: readonly string[];
  /** As commander writes flags. */
  readonly flag?: string;
  readonly kind: Kind<T>;
  readonly fallback: T;
  /** What stands in the help for the fallback where its own text would not say it. */
  readonly fallbackShown?: string;
  readonly help: string;
}

/** A setting whose key has names in it, as `users.$user.password` has. */
export interface NamedKey<T> {
  readonly pattern: string;
  readonly kind: Kind<T>;
  readonly help: string;
}

/** Settings by their names in the configuration. */
export type Keys<Values> = { readonly [Name in keyof Values]: Key<Values[Name]> };
