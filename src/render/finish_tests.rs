use super::*;

fn finish(resolution: u32, size: (u32, u32), fit: Fit, pixel_aspect: (u32, u32)) -> Finish {
    let canvas =
        Canvas { size: Some(size), fit, pixel_aspect, extent: None, ground: Ground::Black };
    Finish::new((resolution, resolution), size, &canvas, Depth::U8)
}

fn bytes(picture: Picture) -> Vec<u8> {
    let Samples::U8(bytes) = picture.samples else { panic!("asked for 8 bits") };
    bytes
}

#[test]
fn levels_are_those_of_the_published_tools() {
    let image = [-2.0, -1.0, 0.0, 0.996, 1.0, 2.0, f32::NAN, -0.0039, 0.0];
    let Samples::U8(levels) = quantise(&image, Depth::U8) else { panic!() };
    assert_eq!(levels, [0, 0, 128, 254, 255, 255, 0, 127, 128]);
    let Samples::U16(levels) = quantise(&image, Depth::U16) else { panic!() };
    assert_eq!(levels, [0, 0, 32768, 65404, 65535, 65535, 0, 32640, 32768]);
}

#[test]
fn a_device_makes_the_same_pictures() {
    let finish = finish(8, (8, 8), Fit::Contain, (1, 1));
    for (channels, ground) in
        [(1, Ground::Black), (3, Ground::Black), (4, Ground::Black), (4, Ground::Clear)]
    {
        let finish = Finish { ground, ..finish.clone() };
        let images = Tensor::randn([5, channels, 8, 8], (Kind::Float, Device::Cpu));
        let mut values = Vec::<f32>::try_from(images.flatten(0, -1)).unwrap();
        values[..4].copy_from_slice(&[f32::NAN, f32::INFINITY, -f32::INFINITY, 0.996]);
        let images = Tensor::from_slice(&values).reshape([5, channels, 8, 8]);
        let indices = [3, 4, 5, 6, 7];
        let alphas = vec![Some(Alpha::Network); 5];
        let shown = finish.channels() as i64;
        let made = finish.pictures(&indices, &alphas, &levels(&images, shown).unwrap()).unwrap();
        assert_eq!(made, finish.pictures(&indices, &alphas, &images).unwrap());
        assert_eq!(made.iter().map(|picture| picture.index).collect::<Vec<_>>(), indices);
    }
}

#[test]
fn planes_become_pixels() {
    let planes: Vec<f32> = (0..12).map(|i| i as f32 / 6.0 - 1.0).collect();
    let picture = finish(2, (2, 2), Fit::Contain, (1, 1)).picture(0, None, &planes).unwrap();
    assert_eq!(bytes(picture)[..6], [0, 85, 170, 21, 106, 191]);
    let grey =
        finish(2, (2, 2), Fit::Contain, (1, 1)).picture(0, None, &[-1.0, 0.0, 0.5, 1.0]).unwrap();
    assert_eq!(bytes(grey), [0, 0, 0, 128, 128, 128, 191, 191, 191, 255, 255, 255]);
}

/// White columns and rows of a picture of a white image: width and height that it covers.
fn covered(finish: &Finish) -> (usize, usize) {
    let area = (finish.image.0 * finish.image.1) as usize;
    let picture = finish.picture(0, None, &vec![1.0; 3 * area]).unwrap();
    let (width, height) = (picture.width as usize, picture.height as usize);
    let levels = bytes(picture);
    let white = |x: usize, y: usize| levels[3 * (y * width + x)] == 255;
    let columns = (0..width).filter(|&x| (0..height).any(|y| white(x, y))).count();
    (columns, (0..height).filter(|&y| (0..width).any(|x| white(x, y))).count())
}

#[test]
fn the_image_keeps_its_shape() {
    for resolution in [16, 64] {
        let covered = |size, fit, aspect| covered(&finish(resolution, size, fit, aspect));
        assert_eq!(covered((96, 54), Fit::Contain, (1, 1)), (54, 54));
        assert_eq!(covered((54, 96), Fit::Contain, (1, 1)), (54, 54));
        assert_eq!(covered((96, 54), Fit::Cover, (1, 1)), (96, 54));
        assert_eq!(covered((96, 54), Fit::Stretch, (1, 1)), (96, 54));
        // PAL widescreen: pixels 64:45 wide, so a square is 45/64 as many pixels wide as high.
        assert_eq!(covered((720, 576), Fit::Contain, (64, 45)), (405, 576));
    }
}

#[test]
fn a_wide_image_keeps_its_shape() {
    let canvas =
        |fit| Canvas { size: None, fit, pixel_aspect: (1, 1), extent: None, ground: Ground::Black };
    let wide = |size, fit| Finish::new((64, 32), size, &canvas(fit), Depth::U8);
    assert_eq!(covered(&wide((96, 96), Fit::Contain)), (96, 48));
    assert_eq!(covered(&wide((96, 24), Fit::Contain)), (48, 24));
    assert_eq!(covered(&wide((96, 96), Fit::Cover)), (96, 96));
    // At its own size nothing is touched.
    let planes: Vec<f32> = (0..3 * 64 * 32).map(|i| (i % 97) as f32 / 48.0 - 1.0).collect();
    let fitted = wide((64, 32), Fit::Contain).fitted(&planes, None).unwrap();
    assert_eq!(fitted[3 * 70 + 1], planes[64 * 32 + 70]);
}

#[test]
fn cover_crops_the_edges_evenly() {
    // A horizontal ramp, shown in a frame half as wide as it is high: the middle half.
    let ramp: Vec<f32> = (0..64 * 64).map(|i| (i % 64) as f32 / 31.5 - 1.0).collect();
    let picture = finish(64, (32, 64), Fit::Cover, (1, 1)).picture(0, None, &ramp).unwrap();
    let row = &bytes(picture)[..96];
    assert!((60..=68).contains(&row[0]) && (187..=195).contains(&row[95]), "{row:?}");
}
