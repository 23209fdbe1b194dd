//! A photo becomes its pixels and nothing else.
//!
//! Invariant: no byte of what is answered was copied from what came: metadata, trailing data and whatever else hides in
//! an image file end here. Nothing is decoded before the size that its header states was found bearable.

use std::io::{self, Cursor, Write};

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::ports::MediaType;

/// Most pixels of an image: more than telephones make.
const PIXELS_MAX: u64 = 40_000_000;
/// Most bytes of pixels: four for each.
const DECODED_BYTES_MAX: u64 = 4 * PIXELS_MAX;
/// Longest side, in pixels.
const SIDE_PIXELS_MAX: u32 = 20_000;
/// Quality of what is written: numbers and letters on paper stay as sharp as they were.
const JPEG_QUALITY: u8 = 85;
/// Largest image that is written, in bytes: what came, and room for what a new encoding adds.
const WRITTEN_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why an image is not taken.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum PhotoFault {
    /// It cannot be decoded.
    Unreadable,
    /// It has too many pixels.
    Pixels,
    /// Written anew it is larger than an attachment may be.
    Large,
}

impl PhotoFault {
    /// What the officer is told.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Unreadable => {
                "Gambar ini rusak atau tidak lengkap; foto ulang formulirnya, lalu unggah lagi."
            }
            Self::Pixels => "Gambar paling besar 40 megapiksel; kecilkan ukurannya, lalu unggah lagi.",
            Self::Large => "Lampiran paling besar 10 MiB; kecilkan fotonya.",
        }
    }
}

fn unreadable(error: &ImageError) -> PhotoFault {
    match error {
        ImageError::Limits(_) => PhotoFault::Pixels,
        ImageError::IoError(error) if error.kind() == io::ErrorKind::FileTooLarge => PhotoFault::Large,
        ImageError::Decoding(_)
        | ImageError::Encoding(_)
        | ImageError::Parameter(_)
        | ImageError::Unsupported(_)
        | ImageError::IoError(_) => PhotoFault::Unreadable,
    }
}

/// Looks whether a header states more than is bearable. One that cannot be read is not judged here.
pub(super) fn measure(media_type: MediaType, bytes: &[u8]) -> Result<(), PhotoFault> {
    match opened(format_of(media_type)?, bytes) {
        Err(PhotoFault::Pixels) => Err(PhotoFault::Pixels),
        Ok(_) | Err(PhotoFault::Unreadable | PhotoFault::Large) => Ok(()),
    }
}

const fn format_of(media_type: MediaType) -> Result<ImageFormat, PhotoFault> {
    match media_type {
        MediaType::Jpeg => Ok(ImageFormat::Jpeg),
        MediaType::Png => Ok(ImageFormat::Png),
        MediaType::Webp => Ok(ImageFormat::WebP),
        MediaType::Pdf => Err(PhotoFault::Unreadable),
    }
}

/// Decodes an image and writes it anew, upright. `WebP` becomes JPEG.
pub(super) fn rewrite(media_type: MediaType, bytes: &[u8]) -> Result<(MediaType, Bytes), PhotoFault> {
    let format = format_of(media_type)?;
    let pixels = decode(opened(format, bytes)?)?;
    let mut written = Capped::default();
    let kept = if format == ImageFormat::Png {
        pixels.write_with_encoder(PngEncoder::new(&mut written)).map(|()| MediaType::Png)
    } else {
        let pixels = plain(pixels);
        let encoder = JpegEncoder::new_with_quality(&mut written, JPEG_QUALITY);
        pixels.write_with_encoder(encoder).map(|()| MediaType::Jpeg)
    };
    let kept = kept.map_err(|error| unreadable(&error))?;
    Ok((kept, written.bytes.into()))
}

/// A decoder that has read the header, which is bearable.
fn opened(format: ImageFormat, bytes: &[u8]) -> Result<impl ImageDecoder, PhotoFault> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(SIDE_PIXELS_MAX);
    limits.max_image_height = Some(SIDE_PIXELS_MAX);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| unreadable(&error))?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width).saturating_mul(u64::from(height));
    if pixels > PIXELS_MAX || decoder.total_bytes() > DECODED_BYTES_MAX {
        return Err(PhotoFault::Pixels);
    }
    Ok(decoder)
}

fn decode(mut decoder: impl ImageDecoder) -> Result<DynamicImage, PhotoFault> {
    // Before the pixels: the decoder is gone afterwards. A photo whose note of how the telephone was held cannot
    // be read is kept as it lies.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(|error| unreadable(&error))?;
    pixels.apply_orientation(orientation);
    Ok(pixels)
}

/// In the colours that JPEG has.
fn plain(pixels: DynamicImage) -> DynamicImage {
    if matches!(pixels, DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_)) {
        return pixels;
    }
    DynamicImage::ImageRgb8(pixels.into_rgb8())
}

/// Memory that takes no more than an attachment may have.
#[derive(Default)]
struct Capped {
    bytes: Vec<u8>,
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len().saturating_add(bytes.len()) > WRITTEN_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "photo_tests.rs"]
mod tests;
