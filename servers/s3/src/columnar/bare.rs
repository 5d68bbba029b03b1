//! Row groups whose moments come as the bytes that they are.
//!
//! The crate makes milliseconds of an INT96, and refuses intervals. Both are stored as twelve bytes, exactly as bytes of a
//! fixed length are, so a row group is described as if that were their type, and the bytes are read by us.

use std::sync::Arc;

use parquet::{
    basic::{ConvertedType, Repetition, Type as Physical},
    bloom_filter::Sbbf,
    column::page::PageReader,
    errors::Result,
    file::{
        metadata::{ColumnChunkMetaData, RowGroupMetaData},
        reader::RowGroupReader,
    },
    record::reader::RowIter,
    schema::types::{SchemaDescriptor, Type},
};

/// The schema with twelve plain bytes in place of what the crate would change; none where there is nothing such.
pub(super) fn schema(schema: &Type) -> Result<Option<Type>> {
    Ok(if has(schema) { Some(of(schema)?) } else { None })
}

fn has(kind: &Type) -> bool {
    match kind.is_primitive() {
        true => is_twelve(kind),
        false => kind.get_fields().iter().any(|field| has(field)),
    }
}

fn is_twelve(kind: &Type) -> bool {
    kind.get_physical_type() == Physical::INT96
        || kind.get_basic_info().converted_type() == ConvertedType::INTERVAL
}

fn of(kind: &Type) -> Result<Type> {
    let info = kind.get_basic_info();
    let repetition = if info.has_repetition() { info.repetition() } else { Repetition::REQUIRED };
    if kind.is_primitive() {
        if !is_twelve(kind) {
            return Ok(kind.clone());
        }
        let twelve = Type::primitive_type_builder(kind.name(), Physical::FIXED_LEN_BYTE_ARRAY);
        return twelve.with_repetition(repetition).with_length(12).build();
    }
    let fields = kind.get_fields().iter().map(|field| of(field).map(Arc::new)).collect::<Result<Vec<_>>>()?;
    let group = Type::group_type_builder(kind.name()).with_fields(fields);
    let group =
        group.with_converted_type(info.converted_type()).with_logical_type(info.logical_type_ref().cloned());
    if info.has_repetition() { group.with_repetition(repetition).build() } else { group.build() }
}

/// A row group of a file, described by another schema of the same columns.
pub(super) struct Group<'a> {
    inner: Box<dyn RowGroupReader + 'a>,
    metadata: RowGroupMetaData,
}

impl<'a> Group<'a> {
    pub(super) fn new(inner: Box<dyn RowGroupReader + 'a>, schema: &Arc<SchemaDescriptor>) -> Result<Self> {
        let group = inner.metadata();
        let columns = group.columns().iter().enumerate().map(|(at, column)| {
            ColumnChunkMetaData::builder(schema.column(at))
                .set_encodings(column.encodings().collect())
                .set_num_values(column.num_values())
                .set_compression(column.compression())
                .set_total_compressed_size(column.compressed_size())
                .set_total_uncompressed_size(column.uncompressed_size())
                .set_data_page_offset(column.data_page_offset())
                .set_dictionary_page_offset(column.dictionary_page_offset())
                .build()
        });
        let metadata = RowGroupMetaData::builder(schema.clone())
            .set_num_rows(group.num_rows())
            .set_total_byte_size(group.total_byte_size())
            .set_column_metadata(columns.collect::<Result<Vec<_>>>()?)
            .build()?;
        Ok(Group { inner, metadata })
    }
}

impl RowGroupReader for Group<'_> {
    fn metadata(&self) -> &RowGroupMetaData {
        &self.metadata
    }

    fn num_columns(&self) -> usize {
        self.inner.num_columns()
    }

    fn get_column_page_reader(&self, at: usize) -> Result<Box<dyn PageReader>> {
        self.inner.get_column_page_reader(at)
    }

    fn get_column_bloom_filter(&self, at: usize) -> Option<&Sbbf> {
        self.inner.get_column_bloom_filter(at)
    }

    fn get_row_iter(&self, projection: Option<Type>) -> Result<RowIter<'_>> {
        RowIter::from_row_group(projection, self)
    }
}
