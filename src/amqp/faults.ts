// The ways in which bytes from a client can be malformed, one error class each.

/** Bytes that do not have the shape that was announced: too short, or left over. RabbitMQ closes with 501 FRAME_ERROR. */
export class SyntaxFault extends Error {
  override readonly name: string = 'SyntaxFault';
  /** Class and method whose arguments could not be decoded; 0 when it was no method. */
  readonly classId: number;
  readonly methodId: number;
  /** The undecodable bytes (a view): the arguments of the method, without its ids. */
  readonly octets: Uint8Array;

  constructor(message: string, octets: Uint8Array = new Uint8Array(0), classId = 0, methodId = 0) {
    super(message);
    this.octets = octets;
    this.classId = classId;
    this.methodId = methodId;
  }
}

/** A short string that must be text is no UTF-8. RabbitMQ closes with 501 `Malformed UTF-8 in shortstr`, ids 0,0. */
export class MalformedUtf8 extends Error {
  override readonly name = 'MalformedUtf8';

  constructor() {
    super('Malformed UTF-8 in shortstr');
  }
}

/**
 * A field table whose inside is malformed: truncated, nested too deep, an unknown tag, or a float that is no number.
 * RabbitMQ 3.10 resets the socket when it stands in a method and closes with 541 INTERNAL_ERROR, ids 0,0, when in a header.
 */
export class TableFault extends Error {
  override readonly name: string = 'TableFault';
}

/** A field table with a type tag that RabbitMQ does not know. */
export class UnknownFieldTag extends TableFault {
  override readonly name = 'UnknownFieldTag';
  /** The tag's byte. */
  readonly tag: number;

  constructor(tag: number) {
    super(`unknown field type tag ${tag} in a field table`);
    this.tag = tag;
  }
}

/** A class and method that do not exist. RabbitMQ 3.10 resets the socket. */
export class UnknownMethod extends Error {
  override readonly name = 'UnknownMethod';
  readonly classId: number;
  readonly methodId: number;

  constructor(classId: number, methodId: number) {
    super(`unknown method: class ${classId}, method ${methodId}`);
    this.classId = classId;
    this.methodId = methodId;
  }
}

/** A content header whose properties do not fit its flags. RabbitMQ 3.10 closes with 541 INTERNAL_ERROR, ids 0,0. */
export class PropertiesFault extends Error {
  override readonly name = 'PropertiesFault';
}
