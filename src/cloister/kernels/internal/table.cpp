// The table of one target.
#include "cloister/kernels/internal/portable_kernels.h"
#include "cloister/kernels/internal/targets.h"

namespace cloister::CLOISTER_KERNEL_TARGET {
namespace {

#if defined(__AVX512IFMA__)
constexpr Target kTarget = Target::kAvx512Ifma;
#elif defined(__AVX512F__)
constexpr Target kTarget = Target::kAvx512;
#else
constexpr Target kTarget = Target::kAvx2;
#endif

}  // namespace

const KernelTable& kernels() noexcept {
  static constexpr KernelTable kTable{
      .target = kTarget,
      .ntt_forward = ntt_forward,
      .ntt_inverse = ntt_inverse,
      .ntt_forward_head = ntt_forward_head,
      .ntt_forward_tail = ntt_forward_tail,
      .ntt_inverse_head = ntt_inverse_head,
      .ntt_inverse_tail = ntt_inverse_tail,
      .add = add,
      .sub = sub,
      .negate = negate,
      .mul = mul,
      .mul_add = mul_add,
      .mul_scalar = mul_scalar,
      .sub_mul_scalar = sub_mul_scalar,
      .dot_pair = dot_pair,
      .dot_pair_repeated = dot_pair_repeated,
      .dot_constants = dot_constants,
      .dot_constants_head = dot_constants_head,
      .round_quotient = round_quotient,
      .permute = permute,
      .change_modulus = change_modulus,
      .fft_to_slots = fft_to_slots,
      .fft_to_coefficients = fft_to_coefficients,
      .split_complex = split_complex,
      .join_complex = join_complex,
      .largest_norm = largest_norm,
      .round_scaled = round_scaled,
      .reduce_signed = reduce_signed,
      .reduce_small = reduce_small,
      .reduce_uniform = reduce_uniform,
      .centred_to_double = centred_to_double,
      .add_centred = add_centred,
  };
  return kTable;
}

}  // namespace cloister::CLOISTER_KERNEL_TARGET
