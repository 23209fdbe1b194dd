//! Photos that are kept, turned and refused.

use image::{ImageEncoder as _, Rgb, RgbImage};

use super::*;

/// The note of a telephone: held so that the picture must be turned a quarter to the right, taken at a place.
fn exif() -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0\x02\0".to_vec();
    // Orientation, SHORT, one, 6.
    bytes.extend_from_slice(&[0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]);
    // GPSInfo, LONG, one, the directory behind.
    bytes.extend_from_slice(&[0x25, 0x88, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0]);
    bytes.extend_from_slice(&[0, 0, 0, 0]);
    // GPSLatitudeRef, ASCII, "S".
    bytes.extend_from_slice(&[1, 0, 1, 0, 2, 0, 2, 0, 0, 0, b'S', 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// Left half red, right half blue.
fn flag(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(
        width,
        height,
        |x, _| if x < width / 2 { Rgb([250, 10, 10]) } else { Rgb([10, 10, 250]) },
    )
}

fn jpeg_of_a_telephone(pixels: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
    encoder.set_exif_metadata(exif()).unwrap();
    encoder.encode_image(pixels).unwrap();
    bytes
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn png_of(pixels: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    DynamicImage::from(pixels.clone()).write_with_encoder(PngEncoder::new(&mut bytes)).unwrap();
    bytes
}

#[test]
fn a_photo_is_turned_upright_and_forgets_where_it_was_taken() {
    let came = jpeg_of_a_telephone(&flag(64, 32));
    assert!(contains(&came, b"Exif"));
    let (media_type, kept) = rewrite(MediaType::Jpeg, &came).unwrap();
    assert_eq!(media_type, MediaType::Jpeg);
    assert!(!contains(&kept, b"Exif") && !contains(&kept, b"II*"), "metadata is gone");
    let kept = image::load_from_memory_with_format(&kept, ImageFormat::Jpeg).unwrap().into_rgb8();
    assert_eq!(kept.dimensions(), (32, 64), "turned");
    let (above, below) = (kept.get_pixel(16, 8), kept.get_pixel(16, 56));
    assert!(above[0] > 200 && below[2] > 200, "what was left is above: {above:?} {below:?}");
}

#[test]
fn png_stays_png_and_webp_becomes_jpeg() {
    let pixels = flag(40, 30);
    let (media_type, kept) = rewrite(MediaType::Png, &png_of(&pixels)).unwrap();
    assert_eq!(media_type, MediaType::Png);
    let kept = image::load_from_memory_with_format(&kept, ImageFormat::Png).unwrap().into_rgb8();
    assert_eq!(kept, pixels, "no pixel changes");
    let mut webp = Vec::new();
    let encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut webp);
    encoder.write_image(pixels.as_raw(), 40, 30, image::ExtendedColorType::Rgb8).unwrap();
    let (media_type, kept) = rewrite(MediaType::Webp, &webp).unwrap();
    assert_eq!(media_type, MediaType::Jpeg);
    assert!(kept.starts_with(&[0xff, 0xd8, 0xff]));
}

#[test]
fn what_is_glued_to_an_image_ends_here() {
    let mut came = jpeg_of_a_telephone(&flag(16, 16));
    came.extend_from_slice(b"PK\x03\x04 <script>alert(1)</script>");
    let (_, kept) = rewrite(MediaType::Jpeg, &came).unwrap();
    assert!(!contains(&kept, b"script") && !contains(&kept, b"PK\x03\x04"));
    // The same picture gives the same bytes, whatever was glued to it.
    let (_, alone) = rewrite(MediaType::Jpeg, &jpeg_of_a_telephone(&flag(16, 16))).unwrap();
    assert_eq!(kept, alone);
}

/// A PNG whose header states these sides and whose data is short.
fn claim(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = png_of(&flag(2, 2));
    let mut header = b"IHDR".to_vec();
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut crc = flate2::Crc::new();
    crc.update(&header);
    header.extend_from_slice(&crc.sum().to_be_bytes());
    bytes.splice(12..33, header);
    bytes
}

#[test]
fn too_many_pixels_are_refused_by_the_header() {
    for (width, height) in [(20_000, 10_000), (40_000, 1), (6_400, 6_400), (u32::MAX >> 1, u32::MAX >> 1)] {
        assert_eq!(rewrite(MediaType::Png, &claim(width, height)).unwrap_err(), PhotoFault::Pixels);
    }
}

#[test]
fn broken_images_are_refused() {
    let whole = jpeg_of_a_telephone(&flag(64, 64));
    for bytes in [&b"\xff\xd8\xff"[..], b"", whole.get(..40).unwrap(), &claim(4_000, 4_000)] {
        let kind = if bytes.starts_with(b"\x89") { MediaType::Png } else { MediaType::Jpeg };
        assert_eq!(rewrite(kind, bytes).unwrap_err(), PhotoFault::Unreadable);
    }
}
