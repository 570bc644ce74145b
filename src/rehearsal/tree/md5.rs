//! MD5 (RFC 1321), because Ansible's `stat` may be asked for it and the crates we have leave it
//! out. For comparing with real hosts only; nothing is trusted because of it.

const SHIFTS: [[u32; 4]; 4] = [
    [7, 12, 17, 22],
    [5, 9, 14, 20],
    [4, 11, 16, 23],
    [6, 10, 15, 21],
];

/// The 64 constants: `floor(2^32 · |sin(i + 1)|)`.
fn constants() -> [u32; 64] {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the value is in 0..2^32 by definition"
    )]
    std::array::from_fn(|i| {
        let i = u32::try_from(i).unwrap_or(0);
        (f64::from(i + 1).sin().abs() * 4_294_967_296.0) as u32
    })
}

/// Lower-case hex of the digest.
pub fn hex(bytes: &[u8]) -> String {
    let constants = constants();
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let mut padded = bytes.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((bytes.len() as u64).wrapping_mul(8).to_le_bytes());
    for block in padded.chunks_exact(64) {
        round(&mut state, block, &constants);
    }
    let out: Vec<u8> = state.iter().flat_map(|word| word.to_le_bytes()).collect();
    super::content::hex_of(&out)
}

fn round(state: &mut [u32; 4], block: &[u8], constants: &[u32; 64]) {
    let words: Vec<u32> = block
        .chunks_exact(4)
        .map(|w| {
            w.iter()
                .rev()
                .fold(0, |word, b| (word << 8) | u32::from(*b))
        })
        .collect();
    let [mut a, mut b, mut c, mut d] = *state;
    for (i, constant) in constants.iter().enumerate() {
        let (mixed, at) = match i / 16 {
            0 => ((b & c) | (!b & d), i),
            1 => ((d & b) | (!d & c), 5 * i + 1),
            2 => (b ^ c ^ d, 3 * i + 5),
            _ => (c ^ (b | !d), 7 * i),
        };
        let sum = a
            .wrapping_add(mixed)
            .wrapping_add(*constant)
            .wrapping_add(words[at % 16]);
        (a, d, c) = (d, c, b);
        b = b.wrapping_add(sum.rotate_left(SHIFTS[i / 16][i % 4]));
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d]) {
        *word = word.wrapping_add(add);
    }
}

#[cfg(test)]
mod tests {
    use super::hex;

    #[test]
    fn rfc_1321_vectors() {
        assert_eq!(hex(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(
            hex(&b"1234567890".repeat(8)),
            "57edf4a22be3c955ac49da2e2107b67a"
        );
    }
}
