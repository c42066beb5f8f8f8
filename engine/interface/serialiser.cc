#include "appcache/serialiser.h"

#include <charconv>
#include <stdexcept>
#include <system_error>

namespace appcache::internal {
namespace {

template <class T>
bool Parse(std::string_view text, T& number) {
  T parsed{};
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, parsed);
  if (error != std::errc() || rest != end) return false;
  number = parsed;
  return true;
}

// Memcached's decr leaves blanks after a number that has become shorter.
std::string_view WithoutPadding(std::string_view text) {
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

template <class T>
void NumberText::Print(T number) {
  const auto end = std::to_chars(text_, text_ + sizeof(text_), number).ptr;
  size_ = static_cast<size_t>(end - text_);
}

NumberText::NumberText(long long number) { Print(number); }
NumberText::NumberText(unsigned long long number) { Print(number); }
NumberText::NumberText(float number) { Print(number); }
NumberText::NumberText(double number) { Print(number); }
NumberText::NumberText(long double number) { Print(number); }

bool ParseNumberText(std::string_view text, long long& number) {
  return Parse(WithoutPadding(text), number);
}
bool ParseNumberText(std::string_view text, unsigned long long& number) {
  return Parse(WithoutPadding(text), number);
}
bool ParseNumberText(std::string_view text, float& number) {
  return Parse(text, number);
}
bool ParseNumberText(std::string_view text, double& number) {
  return Parse(text, number);
}
bool ParseNumberText(std::string_view text, long double& number) {
  return Parse(text, number);
}

void ThrowCannotSerialise() {
  throw std::runtime_error(
      "SerializeToString failed: a required field may be missing");
}

}  // namespace appcache::internal
