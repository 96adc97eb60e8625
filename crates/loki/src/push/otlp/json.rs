//! What is special about OTLP in JSON: 64-bit numbers as strings, ids in hex, bytes in base64.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, Error};

use super::message::{AnyValue, ArrayValue, MapValue, Value};

/// A number, bare or as a string.
pub(super) fn number<'de, D, T>(json: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = match serde_json::Value::deserialize(json)? {
        serde_json::Value::String(text) => text,
        serde_json::Value::Number(number) => number.to_string(),
        other => return Err(D::Error::custom(format!("{other} is no number"))),
    };
    text.parse().map_err(|error| D::Error::custom(format!("{text:?} is no number: {error}")))
}

/// Bytes as hexadecimal digits.
pub(super) fn hex<'de, D: Deserializer<'de>>(json: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(json)?;
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    let bytes: Option<Vec<u8>> = pairs.collect();
    bytes.ok_or_else(|| D::Error::custom(format!("{text:?} is not hexadecimal")))
}

impl<'de> Deserialize<'de> for AnyValue {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        enum Tagged {
            #[serde(rename = "stringValue")]
            Text(String),
            #[serde(rename = "boolValue")]
            Truth(bool),
            #[serde(rename = "intValue", deserialize_with = "number")]
            Int(i64),
            #[serde(rename = "doubleValue", deserialize_with = "number")]
            Double(f64),
            #[serde(rename = "arrayValue")]
            Array(ArrayValue),
            #[serde(rename = "kvlistValue")]
            Map(MapValue),
            #[serde(rename = "bytesValue")]
            Base64(String),
        }
        // `{}` is a value that is not there.
        let value = Option::<Emptiable<Tagged>>::deserialize(json)?.and_then(|value| value.0);
        let value = value.map(|tagged| {
            Ok(match tagged {
                Tagged::Text(text) => Value::String(text),
                Tagged::Truth(truth) => Value::Bool(truth),
                Tagged::Int(number) => Value::Int(number),
                Tagged::Double(number) => Value::Double(number),
                Tagged::Array(array) => Value::Array(array),
                Tagged::Map(map) => Value::Map(map),
                Tagged::Base64(text) => {
                    Value::Bytes(STANDARD.decode(&text).map_err(D::Error::custom)?)
                }
            })
        });
        Ok(Self { value: value.transpose()? })
    }
}

/// An object of at most one member, which an enum's variant names.
struct Emptiable<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Emptiable<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let map = serde_json::Map::deserialize(json)?;
        if map.is_empty() {
            return Ok(Self(None));
        }
        let value = T::deserialize(serde_json::Value::Object(map)).map_err(D::Error::custom)?;
        Ok(Self(Some(value)))
    }
}
