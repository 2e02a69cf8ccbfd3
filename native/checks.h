// Arrays as they come from Python, checked: a wrong dtype, shape or index is a ValueError that names the argument.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace tampu {

namespace nb = nanobind;

using Input = nb::ndarray<nb::ro, nb::device::cpu>;
using Output = nb::ndarray<nb::device::cpu>;

constexpr int64_t ANY = -1;  // a dimension that is not checked

inline std::string dtype_name(nb::dlpack::dtype type) {
  const auto code = static_cast<nb::dlpack::dtype_code>(type.code);
  const char* kind = code == nb::dlpack::dtype_code::Int     ? "int"
                     : code == nb::dlpack::dtype_code::UInt  ? "uint"
                     : code == nb::dlpack::dtype_code::Float ? "float"
                                                             : "other";
  return kind + std::to_string(type.bits);
}

inline std::string shape_name(const int64_t* begin, const int64_t* end) {
  std::string text = "[";
  for (const int64_t* size = begin; size != end; ++size)
    text += (size == begin ? "" : ", ") + (*size == ANY ? std::string("*") : std::to_string(*size));
  return text + "]";
}

template <class Array>
inline bool fits(const Array& array, std::initializer_list<int64_t> shape) {
  if (array.ndim() != shape.size()) return false;
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    const int64_t wanted = shape.begin()[i], size = static_cast<int64_t>(array.shape(i));
    if (wanted != ANY && size != wanted) return false;
    if (size > 1 && array.size() > 0 && array.stride(i) != stride) return false;  // numpy gives no strides to nothing
    stride *= size;
  }
  return true;
}

template <class T, class Array>
inline void check(const char* name, const Array& array, std::initializer_list<int64_t> shape) {
  if (array.dtype() == nb::dtype<T>() && fits(array, shape)) return;
  const std::string wanted = dtype_name(nb::dtype<T>()) + shape_name(shape.begin(), shape.end());
  const std::string found = dtype_name(array.dtype()) + shape_name(array.shape_ptr(), array.shape_ptr() + array.ndim());
  throw nb::value_error((std::string(name) + " must be contiguous " + wanted + ", not " + found).c_str());
}

template <class T>
inline const T* input(const char* name, const Input& array, std::initializer_list<int64_t> shape) {
  check<T>(name, array, shape);
  return static_cast<const T*>(array.data());
}

template <class T>
inline T* output(const char* name, const Output& array, std::initializer_list<int64_t> shape) {
  check<T>(name, array, shape);
  return static_cast<T*>(array.data());
}

// Dimension i of an array of `ndim` dimensions.
template <class Array>
inline int64_t size_of(const char* name, const Array& array, size_t ndim, size_t i) {
  if (array.ndim() == ndim) return static_cast<int64_t>(array.shape(i));
  throw nb::value_error(
      (std::string(name) + " must have " + std::to_string(ndim) + " dimensions, not " + std::to_string(array.ndim()))
          .c_str());
}

inline void require(bool condition, const std::string& message) {
  if (!condition) throw nb::value_error(message.c_str());
}

// Every number of indices[0, count) lies in [0, limit).
inline void check_indices(const char* name, const int32_t* indices, int64_t count, int64_t limit) {
  for (int64_t i = 0; i < count; ++i)
    if (indices[i] < 0 || indices[i] >= limit)
      require(false, std::string(name) + "[" + std::to_string(i) + "] is " + std::to_string(indices[i]) +
                         ", outside [0, " + std::to_string(limit) + ")");
}

}  // namespace tampu
