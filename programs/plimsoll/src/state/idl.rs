//! Interface definitions out of layouts' own descriptions, for clients in other languages.

use anchor_lang::idl::types::{
    IdlArrayLen, IdlDefinedFields, IdlField, IdlRepr, IdlReprModifier, IdlSerialization, IdlType, IdlTypeDef,
    IdlTypeDefTy,
};
use plimsoll_risk::layout::{Kind, Layout};
use std::collections::BTreeMap;

fn kind(of: &Kind) -> IdlType {
    match of {
        Kind::U8 => IdlType::U8,
        Kind::U16 => IdlType::U16,
        Kind::U32 => IdlType::U32,
        Kind::I32 => IdlType::I32,
        Kind::U64 => IdlType::U64,
        Kind::I64 => IdlType::I64,
        Kind::Key => IdlType::Pubkey,
        Kind::Array(element, length) => IdlType::Array(Box::new(kind(element)), IdlArrayLen::Value(*length)),
        Kind::Struct(layout) => IdlType::Defined { name: layout.name.into(), generics: vec![] },
    }
}

/// The definition of one layout under the name that it has as an account.
pub fn type_of(name: &str, layout: &Layout) -> IdlTypeDef {
    let fields = layout.fields.iter().map(|field| IdlField {
        name: field.name.into(),
        docs: vec![],
        ty: kind(&field.kind),
    });
    IdlTypeDef {
        name: name.into(),
        docs: vec![],
        serialization: IdlSerialization::Bytemuck,
        repr: Some(IdlRepr::C(IdlReprModifier { packed: false, align: None })),
        generics: vec![],
        ty: IdlTypeDefTy::Struct { fields: Some(IdlDefinedFields::Named(fields.collect())) },
    }
}

/// Adds the definitions of all layouts inside one.
pub fn insert_types(layout: &Layout, types: &mut BTreeMap<String, IdlTypeDef>) {
    for field in layout.fields {
        let mut inner = &field.kind;
        while let Kind::Array(element, _) = inner {
            inner = element;
        }
        if let Kind::Struct(inner) = inner {
            types.insert(inner.name.into(), type_of(inner.name, inner));
            insert_types(inner, types);
        }
    }
}
