const GOLDEN = 0x9e37_79b9; // step of splitmix32

/**
 * Pseudo-random numbers that a seed fixes for ever (splitmix32): the same seed gives the same numbers on every machine.
 * For simulated worlds; not for secrets.
 */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A generator of its own for one part of a world, so that parts do not disturb each other. */
  fork(part: number): SeededRandom {
    return new SeededRandom(mixed((this.#state ^ Math.imul(part + 1, GOLDEN)) >>> 0));
  }

  /** Uniform over [0, 1). */
  uniform(): number {
    this.#state = (this.#state + GOLDEN) >>> 0;
    return mixed(this.#state) / 4_294_967_296;
  }

  /** Uniform over [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.uniform();
  }

  /** A whole number, uniform over 0 to `count` - 1. */
  index(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** Normally distributed, mean 0, deviation 1 (Box and Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Exponentially distributed with a mean. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.uniform());
  }

  /** Events of a Poisson process with this mean, for means of a few (Knuth). */
  poisson(mean: number): number {
    const least = Math.exp(-mean);
    let count = 0;
    for (let product = this.uniform(); product > least; product *= this.uniform()) count += 1;
    return count;
  }

  /** Whether something of a mean time between events happens within a step. */
  happens(stepSecs: number, meanSecs: number): boolean {
    return this.uniform() < 1 - Math.exp(-stepSecs / meanSecs);
  }
}

function mixed(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x21f0_aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a_2d97);
  return (bits ^ (bits >>> 15)) >>> 0;
}
