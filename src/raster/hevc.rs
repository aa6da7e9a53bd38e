//! One HEVC intra picture (ITU-T H.265) → planes, its work bounded before each step.

use heifer_hevc_dec::nal::{NalHeader, NalUnit, NalUnitType};
use heifer_hevc_dec::params::ParameterSets;
use heifer_hevc_dec::recon::{Frame, Reconstructor};
use heifer_hevc_dec::slice::SliceHeader;
use heifer_hevc_dec::syntax::{Picture, decode_slice_segment};

use super::yuv::{Coding, Planes};

/// Parameter sets of one picture: H.265 7.4.2.4.1 knows 16 + 16 + 64.
const MAX_PARAMETER_SETS: usize = 96;

/// Why a picture does not decode.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The coded picture is larger than its container said.
    #[error("the coded picture has {width} x {height} px, more than its container states")]
    Larger { width: u32, height: u32 },
    /// The bytes break the standard's rules, or end early.
    #[error("{0}")]
    Broken(&'static str),
    /// As the decoder says.
    #[error(transparent)]
    Decoder(#[from] heifer_hevc_dec::Error),
}

/// Decodes the first picture of these NAL units: the configuration's, then the item's.
///
/// The decoder is led slice by slice: a slice that starts over where another has been would let few bytes ask for
/// endless work, so the units of a picture are counted and each is decoded once.
pub(super) fn decode<'a>(
    units: impl Iterator<Item = &'a [u8]>,
    max_pixels: u64,
) -> Result<Planes, Fault> {
    let mut sets = Sets::default();
    let mut slices = Vec::new();
    for unit in units {
        match NalHeader::parse(unit)?.unit_type {
            NalUnitType::IrapSlice(_) | NalUnitType::OtherSlice(_) => slices.push(unit),
            // Sets behind the first slice are of pictures behind this one.
            _ if slices.is_empty() => sets.add(unit)?,
            _ => {}
        }
    }
    let Sets { sets, .. } = sets;
    for sps in sets.sps.iter().flatten() {
        let (width, height) = (
            sps.pic_width_in_luma_samples,
            sps.pic_height_in_luma_samples,
        );
        if u64::from(width) * u64::from(height) > max_pixels {
            return Err(Fault::Larger { width, height });
        }
    }
    let frame = picture(&sets, &slices)?;
    Ok(planes(frame, coding(&sets)))
}

/// How a picture with these parameter sets is coded, where they say it.
pub(super) fn stated_coding<'a>(units: impl Iterator<Item = &'a [u8]>) -> Result<Coding, Fault> {
    let mut sets = Sets::default();
    for unit in units {
        sets.add(unit)?;
    }
    Ok(coding(&sets.sets))
}

#[derive(Default)]
struct Sets {
    sets: ParameterSets,
    count: usize,
}

impl Sets {
    fn add(&mut self, unit: &[u8]) -> Result<(), Fault> {
        let kind = NalHeader::parse(unit)?.unit_type;
        if matches!(kind, NalUnitType::Vps | NalUnitType::Sps | NalUnitType::Pps) {
            self.count += 1;
            if self.count > MAX_PARAMETER_SETS {
                return Err(Fault::Broken("more parameter sets than the standard knows"));
            }
            self.sets.add(&NalUnit::parse(unit)?)?;
        }
        Ok(())
    }
}

/// H.265 E.3.1: without the fields, unspecified colours in video range.
fn coding(sets: &ParameterSets) -> Coding {
    let stated = sets.sps.iter().flatten().find_map(|sps| sps.vui.as_ref());
    Coding {
        matrix: stated.map_or(2, |vui| vui.matrix_coeffs.into()),
        primaries: stated.map_or(2, |vui| vui.colour_primaries.into()),
        transfer: stated.map_or(2, |vui| vui.transfer_characteristics.into()),
        full_range: stated.is_some_and(|vui| vui.video_full_range_flag),
    }
}

fn picture(sets: &ParameterSets, slices: &[&[u8]]) -> Result<Frame, Fault> {
    let mut state: Option<(Picture<'_>, Reconstructor<'_>, u8)> = None;
    let mut previous: Option<SliceHeader> = None;
    let mut left = 0_u32;
    for slice in slices {
        let unit = NalUnit::parse(slice)?;
        // `first_slice_segment_in_pic_flag` is the first bit: another picture begins.
        if state.is_some() && unit.rbsp.first().is_some_and(|byte| byte & 0x80 != 0) {
            break;
        }
        let header = SliceHeader::parse(&unit.rbsp, &unit.header, sets, previous.as_ref())?;
        let (pps, sps) = sets.get(usize::from(header.slice_pic_parameter_set_id))?;
        if state.is_none() {
            if !header.first_slice_segment_in_pic_flag {
                return Err(Fault::Broken("the first slice is missing"));
            }
            let (columns, rows) = sps.pic_size_in_ctbs();
            left = columns
                .checked_mul(rows)
                .ok_or(Fault::Broken("too many coding units"))?;
        }
        let (pic, recon, set) = state.get_or_insert_with(|| {
            let set = header.slice_pic_parameter_set_id;
            (Picture::new(sps, pps), Reconstructor::new(sps, pps), set)
        });
        // H.265 7.4.7.1: the same in all slice segment headers of a picture.
        if *set != header.slice_pic_parameter_set_id {
            return Err(Fault::Broken("its slices name different parameter sets"));
        }
        recon.start_slice(&header);
        let data = unit
            .rbsp
            .get(header.header_size..)
            .ok_or(Fault::Broken("a slice ends in its header"))?;
        let quantiser = header.slice_qp_y(sets)?;
        let stats = decode_slice_segment(pic, &header, quantiser, data, recon)?;
        if let Some(fault) = recon.error.take() {
            return Err(fault.into());
        }
        left = left
            .checked_sub(stats.ctus)
            .ok_or(Fault::Broken("its slices cover each other"))?;
        if !header.dependent_slice_segment_flag {
            previous = Some(header);
        }
    }
    let (pic, recon, _) = state.ok_or(Fault::Broken("it holds no picture"))?;
    if left > 0 || !pic.is_complete() {
        return Err(Fault::Broken("the coded picture is not whole"));
    }
    let sps = pic.sps;
    let frame = recon.finish(false);
    if sps.conf_win_offsets == [0; 4] {
        return Ok(frame);
    }
    let (across, down) = sps.chroma_subsampling();
    let [left, right, top, bottom] = sps.conf_win_offsets.map(u64::from);
    let fits = (left + right) * u64::from(across) < u64::from(frame.widths[0])
        && (top + bottom) * u64::from(down) < u64::from(frame.heights[0]);
    if !fits {
        return Err(Fault::Broken("its window is larger than the picture"));
    }
    Ok(frame.cropped(sps))
}

fn planes(frame: Frame, coding: Coding) -> Planes {
    Planes {
        widths: frame.widths,
        heights: frame.heights,
        planes: frame.planes,
        depths: frame.bit_depth,
        coding,
    }
}
