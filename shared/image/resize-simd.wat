;; The two passes of resize-bilinear.ts on four values at once. `npm run build:wasm` makes resize-simd.ts of it.
;;
;; A filter is a table of records, one for each output position: int32 offset of the first input byte, int32 count of weights, then the int32
;; weights, 22 bits behind the point. Sums of weights are 1, so 255 times them stays below 2^31.
(module
  (memory (export "memory") 1)

  ;; Scales four rows of RGB pixels to `size` pixels each. Reads and writes one byte beyond the last pixel of a row.
  (func (export "scaleFourRows")
    (param $source i32) (param $sourceStride i32) (param $target i32) (param $targetStride i32)
    (param $filter i32) (param $recordBytes i32) (param $size i32)
    (local $end i32) (local $pixel i32) (local $weight i32) (local $lastWeight i32) (local $w v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $row2 i32) (local $row3 i32) (local $row4 i32)
    (local.set $end (i32.add (local.get $target) (i32.mul (local.get $size) (i32.const 3))))
    (loop $positions
      (local.set $pixel (i32.add (local.get $source) (i32.load (local.get $filter))))
      (local.set $row2 (i32.add (local.get $pixel) (local.get $sourceStride)))
      (local.set $row3 (i32.add (local.get $row2) (local.get $sourceStride)))
      (local.set $row4 (i32.add (local.get $row3) (local.get $sourceStride)))
      (local.set $weight (i32.add (local.get $filter) (i32.const 8)))
      (local.set $lastWeight (i32.add (local.get $weight) (i32.shl (i32.load offset=4 (local.get $filter)) (i32.const 2))))
      (local.set $a (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
      (local.set $b (local.get $a))
      (local.set $c (local.get $a))
      (local.set $d (local.get $a))
      (loop $weights
        (local.set $w (v128.load32_splat (local.get $weight)))
        (local.set $a (i32x4.add (local.get $a) (i32x4.mul (local.get $w)
          (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $pixel)))))))
        (local.set $b (i32x4.add (local.get $b) (i32x4.mul (local.get $w)
          (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $row2)))))))
        (local.set $c (i32x4.add (local.get $c) (i32x4.mul (local.get $w)
          (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $row3)))))))
        (local.set $d (i32x4.add (local.get $d) (i32x4.mul (local.get $w)
          (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $row4)))))))
        (local.set $pixel (i32.add (local.get $pixel) (i32.const 3)))
        (local.set $row2 (i32.add (local.get $row2) (i32.const 3)))
        (local.set $row3 (i32.add (local.get $row3) (i32.const 3)))
        (local.set $row4 (i32.add (local.get $row4) (i32.const 3)))
        (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
        (br_if $weights (i32.lt_u (local.get $weight) (local.get $lastWeight))))
      ;; Narrowing caps at 255: rounded weights of thousands of pixels can add up to a little more than 1.
      (local.set $a (i16x8.narrow_i32x4_u
        (i32x4.shr_u (local.get $a) (i32.const 22)) (i32x4.shr_u (local.get $b) (i32.const 22))))
      (local.set $c (i16x8.narrow_i32x4_u
        (i32x4.shr_u (local.get $c) (i32.const 22)) (i32x4.shr_u (local.get $d) (i32.const 22))))
      (local.set $a (i8x16.narrow_i16x8_u (local.get $a) (local.get $c)))
      (local.set $row2 (i32.add (local.get $target) (local.get $targetStride)))
      (local.set $row3 (i32.add (local.get $row2) (local.get $targetStride)))
      (v128.store32_lane 0 (local.get $target) (local.get $a))
      (v128.store32_lane 1 (local.get $row2) (local.get $a))
      (v128.store32_lane 2 (local.get $row3) (local.get $a))
      (v128.store32_lane 3 (i32.add (local.get $row3) (local.get $targetStride)) (local.get $a))
      (local.set $filter (i32.add (local.get $filter) (local.get $recordBytes)))
      (local.set $target (i32.add (local.get $target) (i32.const 3)))
      (br_if $positions (i32.lt_u (local.get $target) (local.get $end)))))

  ;; One output row of `length` bytes from the rows above each other. Reads and writes up to 15 bytes beyond it.
  (func (export "blendRows")
    (param $source i32) (param $stride i32) (param $target i32) (param $length i32) (param $filter i32)
    (local $end i32) (local $from i32) (local $weight i32) (local $lastWeight i32) (local $w v128)
    (local $bytes v128) (local $low v128) (local $high v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $source (i32.add (local.get $source) (i32.load (local.get $filter))))
    (local.set $end (i32.add (local.get $target) (local.get $length)))
    (local.set $lastWeight (i32.add (i32.add (local.get $filter) (i32.const 8))
      (i32.shl (i32.load offset=4 (local.get $filter)) (i32.const 2))))
    (loop $chunks
      (local.set $from (local.get $source))
      (local.set $weight (i32.add (local.get $filter) (i32.const 8)))
      (local.set $a (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
      (local.set $b (local.get $a))
      (local.set $c (local.get $a))
      (local.set $d (local.get $a))
      (loop $weights
        (local.set $w (v128.load32_splat (local.get $weight)))
        (local.set $bytes (v128.load (local.get $from)))
        (local.set $low (i16x8.extend_low_i8x16_u (local.get $bytes)))
        (local.set $high (i16x8.extend_high_i8x16_u (local.get $bytes)))
        (local.set $a (i32x4.add (local.get $a) (i32x4.mul (local.get $w) (i32x4.extend_low_i16x8_u (local.get $low)))))
        (local.set $b (i32x4.add (local.get $b) (i32x4.mul (local.get $w) (i32x4.extend_high_i16x8_u (local.get $low)))))
        (local.set $c (i32x4.add (local.get $c) (i32x4.mul (local.get $w) (i32x4.extend_low_i16x8_u (local.get $high)))))
        (local.set $d (i32x4.add (local.get $d) (i32x4.mul (local.get $w) (i32x4.extend_high_i16x8_u (local.get $high)))))
        (local.set $from (i32.add (local.get $from) (local.get $stride)))
        (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
        (br_if $weights (i32.lt_u (local.get $weight) (local.get $lastWeight))))
      (v128.store (local.get $target) (i8x16.narrow_i16x8_u
        (i16x8.narrow_i32x4_u
          (i32x4.shr_u (local.get $a) (i32.const 22)) (i32x4.shr_u (local.get $b) (i32.const 22)))
        (i16x8.narrow_i32x4_u
          (i32x4.shr_u (local.get $c) (i32.const 22)) (i32x4.shr_u (local.get $d) (i32.const 22)))))
      (local.set $source (i32.add (local.get $source) (i32.const 16)))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (br_if $chunks (i32.lt_u (local.get $target) (local.get $end))))))
