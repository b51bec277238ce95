// The topic exchange: keys of words between dots, matched by patterns with * (one word) and # (any number of words).

import type { Binding, ExchangeType } from '../binding.ts';
import type { Routed } from '../routed.ts';

/**
 * The patterns form a tree of words, and a routing key walks all its possible ways at once, word by word, with each node
 * visited at most once per word. So the cost depends on the nodes that match so far, not on the number of bindings, and
 * no pattern, however many # it has, makes it explode.
 */
export class TopicExchange<D> implements ExchangeType<D> {
  readonly name = 'topic';
  readonly byKey = true;
  readonly #root = new Node<D>(false);
  /** The number of the last step of a walk; a node's `visited` tells in which step it was reached. */
  #step = 0;

  add(binding: Binding<D>): void {
    let node = this.#root;
    for (const word of wordsOf(binding.routingKey)) node = node.childOf(word);
    node.bindings ??= new Set();
    node.bindings.add(binding);
  }

  remove(binding: Binding<D>): void {
    const words = wordsOf(binding.routingKey);
    const path: Node<D>[] = [this.#root];
    for (const word of words) {
      const next = path[path.length - 1]!.children?.get(word);
      if (next === undefined) return;
      path.push(next);
    }
    const last = path[path.length - 1]!;
    last.bindings?.delete(binding);
    if (last.bindings?.size === 0) last.bindings = undefined;
    for (let depth = words.length; depth > 0 && path[depth]!.isEmpty; depth -= 1) {
      path[depth - 1]!.drop(words[depth - 1]!);
    }
  }

  route({ keys }: Routed, found: (destination: D) => void): void {
    for (const key of keys) this.#walk(key, found);
  }

  #walk(routingKey: string, found: (destination: D) => void): void {
    let active: Node<D>[] = [];
    this.#step += 1;
    this.#reach(this.#root, active);
    for (const word of wordsOf(routingKey)) {
      const next: Node<D>[] = [];
      this.#step += 1;
      for (const node of active) this.#advance(node, word, next);
      if (next.length === 0) return;
      active = next;
    }
    for (const { bindings } of active) {
      if (bindings !== undefined) for (const binding of bindings) found(binding.destination);
    }
  }

  /** Takes one word from a node that is reached. */
  #advance(node: Node<D>, word: string, next: Node<D>[]): void {
    if (node.isHash) this.#reach(node, next);
    const { children } = node;
    if (children === undefined) return;
    // The words * and # of a routing key are plain words, but the nodes of that name match them anyway.
    const literal = word === '*' || word === '#' ? undefined : children.get(word);
    if (literal !== undefined) this.#reach(literal, next);
    if (node.star !== undefined) this.#reach(node.star, next);
  }

  /** Notes that a node is reached, and with it its #, which may stand for no word at all. */
  #reach(node: Node<D>, reached: Node<D>[]): void {
    if (node.visited === this.#step) return;
    node.visited = this.#step;
    reached.push(node);
    if (node.hash !== undefined) this.#reach(node.hash, reached);
  }
}

/** A word of the patterns, in its place after those before it. */
class Node<D> {
  /** This node is a #: it stays reached whatever the next word is. */
  readonly isHash: boolean;
  children: Map<string, Node<D>> | undefined;
  /** The child *, which is among `children` too. */
  star: Node<D> | undefined;
  /** The child #, which is among `children` too. */
  hash: Node<D> | undefined;
  /** The bindings whose pattern ends here. */
  bindings: Set<Binding<D>> | undefined;
  visited = 0;

  constructor(isHash: boolean) {
    this.isHash = isHash;
    this.children = undefined;
    this.star = undefined;
    this.hash = undefined;
    this.bindings = undefined;
  }

  get isEmpty(): boolean {
    return this.bindings === undefined && this.children === undefined;
  }

  /** The child of that word, made if it is not there. */
  childOf(word: string): Node<D> {
    const known = this.children?.get(word);
    if (known !== undefined) return known;
    const child = new Node<D>(word === '#');
    this.children ??= new Map();
    this.children.set(word, child);
    if (word === '*') this.star = child;
    if (word === '#') this.hash = child;
    return child;
  }

  drop(word: string): void {
    this.children?.delete(word);
    if (this.children?.size === 0) this.children = undefined;
    if (word === '*') this.star = undefined;
    if (word === '#') this.hash = undefined;
  }
}

/** An empty key has no words at all; everywhere else empty words count. */
function wordsOf(key: string): readonly string[] {
  return key === '' ? [] : key.split('.');
}
