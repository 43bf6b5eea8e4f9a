//! Where a memory stands among its neighbours: ordinal of its group in the upper half of the number,
//! position in the group in the lower one. Pure.
//!
//! Must stay true: a place is never given twice, so that forgetting leaves a gap and moves nobody.

pub const fn place(group: u32, position: u32) -> u64 {
    (group as u64) << 32 | position as u64
}

pub const fn group_of(place: u64) -> u32 {
    (place >> 32) as u32
}

pub const fn position_of(place: u64) -> u32 {
    (place & 0xffff_ffff) as u32
}
