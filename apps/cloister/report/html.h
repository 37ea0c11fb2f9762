#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace cloister::app {

/// `text` as content of an element or a quoted attribute: sanitized (terminal/text.h), then & < > " ' as
/// entities.
std::string escape_html(std::string_view text);

/// `value` as the content of a script element: JSON in which no character can end the element.
std::string json_for_script(const nlohmann::json& value);

/// JavaScript of ours as the content of a script element: neither </script nor <!-- stays whole, and
/// its meaning stays as it was (both can only stand in literals).
std::string script_content(std::string_view source);

/// The source expression by which a content security policy allows exactly this inline text.
std::string policy_hash(std::string_view content);

/// A table of texts, unescaped.
struct HtmlTable {
  struct Column {
    std::string header;
    bool numeric = false;  ///< right-aligned
  };
  std::string caption;  ///< for everybody's eyes; empty: none
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  ///< the first cell of each is the row's header
};
std::string render_table(const HtmlTable& table);

/// A heading of the given level with its text escaped.
std::string heading(int level, std::string_view text);

/// A paragraph with its text escaped; nothing for an empty text.
std::string paragraph(std::string_view text, std::string_view css_class = {});

}  // namespace cloister::app
