using System.Globalization;
using System.Text;

namespace DemoVlp.TextTokenization;

/// <summary>
/// Characters without their accents: canonical decomposition (NFD) less non-spacing marks. The runtime cannot decompose here, because the
/// services run without ICU; <c>Accents.txt</c> holds a line <c>base TAB characters</c> for every character that Unicode 14 decomposes, Hangul aside.
/// </summary>
internal static class Accents
{
    private const int HangulFirst = 0xAC00, HangulLast = 0xD7A3, Vowels = 21, Tails = 28;
    private static readonly Dictionary<int, string> Bases = Read();

    /// <summary>Appends a character as BERT's uncased models read it; nothing for an accent that stands alone.</summary>
    public static void AppendBase(StringBuilder text, Rune rune)
    {
        if (rune.IsAscii) text.Append((char)rune.Value);
        else if (Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark) return;
        else if (rune.Value is >= HangulFirst and <= HangulLast) AppendJamo(text, rune.Value - HangulFirst);
        else if (Bases.TryGetValue(rune.Value, out var bare)) text.Append(bare);
        else text.Append(rune.ToString());
    }

    /// <summary>A Hangul syllable is its letters (Unicode 3.12).</summary>
    private static void AppendJamo(StringBuilder text, int syllable)
    {
        text.Append((char)(0x1100 + syllable / (Vowels * Tails))).Append((char)(0x1161 + syllable / Tails % Vowels));
        if (syllable % Tails is > 0 and var tail) text.Append((char)(0x11A7 + tail));
    }

    private static Dictionary<int, string> Read()
    {
        using var reader = new StreamReader(typeof(Accents).Assembly.GetManifestResourceStream("Accents.txt")!);
        var bases = new Dictionary<int, string>();
        while (reader.ReadLine() is { } line)
        {
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            foreach (var rune in line[(tab + 1)..].EnumerateRunes()) bases.Add(rune.Value, line[..tab]);
        }
        return bases;
    }
}
