/// SHA-1 and SHA-256 (FIPS 180-4) of bytes as they come. It names and checks things; nothing secret goes through it.
package struct Digest: Sendable {
    package enum Algorithm: Sendable {
        case sha1, sha256
    }

    private static let blockSize = 64

    private let algorithm: Algorithm
    private var state: [UInt32]
    /// The words that a block is spread to: 80 of SHA-1, 64 of SHA-256.
    private var schedule = [UInt32](repeating: 0, count: 80)
    /// Bytes that are no whole block yet.
    private var rest: [UInt8] = []
    private var count: UInt64 = 0

    package init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        state = algorithm == .sha1 ? SHA1Block.initial : SHA256Block.initial
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        count &+= UInt64(bytes.count)
        var bytes = bytes[...]
        if !rest.isEmpty {
            let missing = bytes.prefix(Self.blockSize - rest.count)
            rest += missing
            bytes = bytes.dropFirst(missing.count)
            guard rest.count == Self.blockSize else { return }
            let block = rest
            block.withUnsafeBytes { absorb($0) }
            rest.removeAll(keepingCapacity: true)
        }
        let whole = bytes.prefix(bytes.count / Self.blockSize * Self.blockSize)
        absorb(UnsafeRawBufferPointer(rebasing: whole))
        rest += bytes.dropFirst(whole.count)
    }

    /// The digest of all bytes so far.
    package func hexadecimal() -> String {
        var final = self
        let bits = count &* 8
        var padding: [UInt8] = [0x80]
        padding += Array(repeating: 0, count: (119 - rest.count) % Self.blockSize)
        padding += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) }
        padding.withUnsafeBytes { final.update($0) }
        let digits = Array("0123456789abcdef".utf8)
        let text = final.state.flatMap { word in (0..<8).map { digits[Int(word >> (28 - 4 * $0) & 15)] } }
        return String(decoding: text, as: UTF8.self)
    }

    package static func hexadecimal(_ algorithm: Algorithm, of message: some Sequence<UInt8>) -> String {
        var digest = Digest(algorithm)
        Array(message).withUnsafeBytes { digest.update($0) }
        return digest.hexadecimal()
    }

    /// - Parameter blocks: whole ones.
    private mutating func absorb(_ blocks: UnsafeRawBufferPointer) {
        let algorithm = algorithm
        state.withUnsafeMutableBufferPointer { state in
            schedule.withUnsafeMutableBufferPointer { schedule in
                for start in stride(from: 0, to: blocks.count, by: Self.blockSize) {
                    for index in 0..<16 {
                        schedule[index] = UInt32(
                            bigEndian: blocks.loadUnaligned(fromByteOffset: start + 4 * index, as: UInt32.self))
                    }
                    switch algorithm {
                    case .sha1: SHA1Block.absorb(schedule, into: state)
                    case .sha256: SHA256Block.absorb(schedule, into: state)
                    }
                }
            }
        }
    }
}

/// - Returns: `word` turned left.
@inline(__always)
private func left(_ word: UInt32, _ count: UInt32) -> UInt32 { word << count | word >> (32 - count) }

@inline(__always)
private func right(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }

private enum SHA1Block {
    static let initial: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]

    /// - Parameter words: the first 16 are the block.
    static func absorb(_ words: UnsafeMutableBufferPointer<UInt32>, into state: UnsafeMutableBufferPointer<UInt32>) {
        for index in 16..<80 {
            words[index] = left(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1)
        }
        var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
        for index in 0..<80 {
            let (mixed, constant): (UInt32, UInt32) =
                switch index {
                case ..<20: (b & c | ~b & d, 0x5a82_7999)
                case ..<40: (b ^ c ^ d, 0x6ed9_eba1)
                case ..<60: (b & c | b & d | c & d, 0x8f1b_bcdc)
                default: (b ^ c ^ d, 0xca62_c1d6)
                }
            let next = left(a, 5) &+ mixed &+ e &+ constant &+ words[index]
            (e, d, c, b, a) = (d, c, left(b, 30), a, next)
        }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
        state[4] &+= e
    }
}

private enum SHA256Block {
    static let initial: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]

    /// - Parameter words: the first 16 are the block.
    static func absorb(_ words: UnsafeMutableBufferPointer<UInt32>, into state: UnsafeMutableBufferPointer<UInt32>) {
        for index in 16..<64 {
            let (w15, w2) = (words[index - 15], words[index - 2])
            let sigma0 = right(w15, 7) ^ right(w15, 18) ^ w15 >> 3
            let sigma1 = right(w2, 17) ^ right(w2, 19) ^ w2 >> 10
            words[index] = words[index - 16] &+ sigma0 &+ words[index - 7] &+ sigma1
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        constants.withUnsafeBufferPointer { constants in
            for index in 0..<64 {
                let sum1 = right(e, 6) ^ right(e, 11) ^ right(e, 25)
                let choice = e & f ^ ~e & g
                let first = h &+ sum1 &+ choice &+ constants[index] &+ words[index]
                let sum0 = right(a, 2) ^ right(a, 13) ^ right(a, 22)
                let majority = a & b ^ a & c ^ b & c
                (h, g, f, e) = (g, f, e, d &+ first)
                (d, c, b, a) = (c, b, a, first &+ sum0 &+ majority)
            }
        }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
        state[4] &+= e
        state[5] &+= f
        state[6] &+= g
        state[7] &+= h
    }

    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}
