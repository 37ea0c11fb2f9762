#include "apps/cloister/report/html.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "apps/cloister/terminal/text.h"
#include "cloister/base/bytes.h"

namespace cloister::app {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() < lower.size()) return false;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != lower[i]) return false;
  }
  return true;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : sanitized(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string json_for_script(const nlohmann::json& value) {
  // Outside strings JSON has none of these characters, and inside them the escape means the same.
  const std::string text = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return replaced(replaced(replaced(text, "<", "\\u003c"), ">", "\\u003e"), "&", "\\u0026");
}

std::string script_content(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    out += source[i];
    if (source[i] != '<') continue;
    const std::string_view rest = source.substr(i + 1);
    if (starts_with_ignoring_case(rest, "/script") || rest.starts_with("!--")) out += '\\';
  }
  return out;
}

std::string policy_hash(std::string_view content) {
  const Bytes32 digest = sha256({reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
  std::array<unsigned char, 4 * ((sizeof(digest) + 2) / 3) + 1> base64{};
  EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(digest.size()));
  return fmt::format("'sha256-{}'", reinterpret_cast<const char*>(base64.data()));
}

std::string render_table(const HtmlTable& table) {
  std::string out = "<div class=\"scroll\"><table>\n";
  if (!table.caption.empty()) out += fmt::format("<caption>{}</caption>\n", escape_html(table.caption));
  const auto cell_class = [&](std::size_t c) { return table.columns[c].numeric ? " class=\"number\"" : ""; };
  out += "<thead><tr>";
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    out += fmt::format("<th scope=\"col\"{}>{}</th>", cell_class(c), escape_html(table.columns[c].header));
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (std::size_t c = 0; c < table.columns.size() && c < row.size(); ++c) {
      if (c == 0)
        out += fmt::format("<th scope=\"row\"{}>{}</th>", cell_class(c), escape_html(row[c]));
      else
        out += fmt::format("<td{}>{}</td>", cell_class(c), escape_html(row[c]));
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string heading(int level, std::string_view text) {
  return fmt::format("<h{0}>{1}</h{0}>\n", level, escape_html(text));
}

std::string paragraph(std::string_view text, std::string_view css_class) {
  if (text.empty()) return {};
  if (css_class.empty()) return fmt::format("<p>{}</p>\n", escape_html(text));
  return fmt::format("<p class=\"{}\">{}</p>\n", css_class, escape_html(text));
}

}  // namespace cloister::app
