//! How many elements an export has, told before memory is taken for them.

use crate::push::proto::fields;

/// As deep as prost reads messages within messages; what is deeper it refuses.
const DEPTH_MAX: usize = 100;

/// A message: the fields of it that hold messages.
struct Shape(&'static [Field]);

struct Field {
    tag: u32,
    /// Whether each one is an element; the others are part of theirs.
    is_repeated: bool,
    of: &'static Shape,
}

const fn one(tag: u32, of: &'static Shape) -> Field {
    Field { tag, is_repeated: false, of }
}

const fn many(tag: u32, of: &'static Shape) -> Field {
    Field { tag, is_repeated: true, of }
}

static EXPORT: Shape = Shape(&[many(1, &RESOURCE_LOGS)]);
static RESOURCE_LOGS: Shape = Shape(&[one(1, &RESOURCE), many(2, &SCOPE_LOGS)]);
static RESOURCE: Shape = Shape(&[many(1, &KEY_VALUE)]);
static SCOPE_LOGS: Shape = Shape(&[one(1, &SCOPE), many(2, &RECORD)]);
static SCOPE: Shape = Shape(&[many(3, &KEY_VALUE)]);
static RECORD: Shape = Shape(&[one(5, &ANY), many(6, &KEY_VALUE)]);
static KEY_VALUE: Shape = Shape(&[one(2, &ANY)]);
static ANY: Shape = Shape(&[one(5, &ARRAY), one(6, &MAP)]);
static ARRAY: Shape = Shape(&[many(1, &ANY)]);
static MAP: Shape = Shape(&[many(1, &KEY_VALUE)]);

/// The elements of an export in protobuf: resources, scopes, records, attributes, members. What
/// follows a broken field is left to the decoder, which refuses it.
pub(super) fn protobuf(bytes: &[u8]) -> usize {
    messages(bytes, &EXPORT, DEPTH_MAX)
}

fn messages(bytes: &[u8], shape: &Shape, depth: usize) -> usize {
    let Some(depth) = depth.checked_sub(1) else { return 0 };
    let mut count = 0;
    for field in shape.0 {
        // A broken message is counted as far as it goes.
        drop(fields(bytes, field.tag, &mut |message| {
            count += usize::from(field.is_repeated) + messages(message, field.of, depth);
            Ok(())
        }));
    }
    count
}

/// No fewer than the elements of an export in JSON: each begins with a bracket, and so may text.
pub(super) fn json(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| matches!(byte, b'{' | b'[')).count()
}
