using System.Globalization;
using System.Text;

namespace DemoVlp.TextTokenization;

/// <summary>
/// What BERT's uncased tokeniser does before it looks for word pieces: control characters go, white space becomes one kind, Chinese characters and
/// punctuation stand alone, accents go, letters become small.
/// </summary>
/// <remarks>Microsoft.ML.Tokenizers' own normaliser differs: it joins words at a line break, and cannot remove accents without ICU.</remarks>
internal static class BertText
{
    /// <summary>The words of a text, separated by blanks.</summary>
    public static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length + 16);
        var bare = new StringBuilder(8);
        foreach (var rune in text.EnumerateRunes()) // a lone surrogate is read as U+FFFD
        {
            if (IsWhiteSpace(rune)) clean.Append(' ');
            else if (rune.Value is 0 or 0xFFFD || IsControl(rune)) continue;
            else if (IsChinese(rune.Value)) clean.Append(' ').Append(rune.ToString()).Append(' ');
            else
            {
                Accents.AppendBase(bare.Clear(), rune);
                foreach (var part in bare.ToString().EnumerateRunes())
                {
                    var small = Rune.ToLowerInvariant(part);
                    if (IsPunctuation(small)) clean.Append(' ').Append(small.ToString()).Append(' ');
                    else clean.Append(small.ToString());
                }
            }
        }
        return clean.ToString();
    }

    private static bool IsWhiteSpace(Rune rune) => rune.Value is '\t' or '\n' or '\r' || Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator
        || rune.Value is 0x2028 or 0x2029;

    private static bool IsControl(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate;

    /// <summary>Unicode's punctuation, and every ASCII character that is neither letter nor digit.</summary>
    private static bool IsPunctuation(Rune rune) => rune.IsAscii
        ? rune.Value is > ' ' and < 127 && !Rune.IsLetterOrDigit(rune)
        : Rune.GetUnicodeCategory(rune) is UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation
            or UnicodeCategory.ClosePunctuation or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation or UnicodeCategory.OtherPunctuation;

    /// <summary>The CJK Unified Ideographs; not Hiragana, Katakana or Hangul, whose words have spaces or are read as words.</summary>
    private static bool IsChinese(int code) => code
        is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF or >= 0x2A700 and <= 0x2B73F
        or >= 0x2B740 and <= 0x2B81F or >= 0x2B820 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;
}
