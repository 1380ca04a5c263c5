using System.Numerics;
using System.Text;
using DemoVlp.Modeling.Serialization;

namespace DemoVlp.Modeling.Tests.Serialization;

/// <summary>Every operation of pickle protocols 0 to 5, one by one: what it gives, or that it is refused. What it means stands in CPython's pickletools.</summary>
public sealed class PickleOperationTests
{
    private const string Refused = "(refused)";

    /// <summary>Program and the value it leaves.</summary>
    public static TheoryData<char, string, string> Operations => new()
    {
        { '(', "(K\u0001t.", "(1)" },
        { '.', "N.", "None" },
        { '0', "K\u0001K\u00020.", "1" },
        { '1', "K\u0001(K\u0002K\u00031.", "1" },
        { '2', "K\u00012\u0086.", "(1, 1)" },
        { 'F', "F-1.5e3\n.", "-1500" },
        { 'I', "I-7\n.", "-7" },
        { 'J', "J\u00ff\u00ff\u00ff\u00ff.", "-1" },
        { 'K', "K\u00ff.", "255" },
        { 'L', "L12345678901234567890L\n.", "12345678901234567890" },
        { 'M', "M\u00ff\u00ff.", "65535" },
        { 'N', "N.", "None" },
        { 'P', "Psomething\n.", Refused },
        { 'Q', "NQ.", Refused },
        { 'R', "cos\nsystem\n)R.", "<os system>" },
        { 'S', "S'text'\n.", Refused },
        { 'T', "T\u0002\0\0\0ab.", "'ab'" },
        { 'U', "U\u0002ab.", "'ab'" },
        { 'V', "Vh\\u00e9\n.", "'h\u00e9'" },
        { 'X', "X\u0002\0\0\0ab.", "'ab'" },
        { 'a', "]K\u0001a.", "[1]" },
        { 'b', "cos\nsystem\n}b.", "<os system>" },
        { 'c', "cos\nsystem\n.", "<os system>" },
        { 'd', "(U\u0001aK\u0001d.", "{a: 1}" },
        { '}', "}.", "{}" },
        { 'e', "](K\u0001K\u0002e.", "[1, 2]" },
        { 'g', "K\u0001p5\n0g5\n.", "1" },
        { 'h', "K\u0001q\u00050h\u0005.", "1" },
        { 'i', "(K\u0001ios\nsystem\n.", "<os system>" },
        { 'j', "K\u0001r\u0005\0\0\00j\u0005\0\0\0.", "1" },
        { 'l', "(K\u0001l.", "[1]" },
        { ']', "].", "[]" },
        { 'o', "(cos\nsystem\nK\u0001o.", "<os system>" },
        { 'p', "K\u0001p5\n.", "1" },
        { 'q', "K\u0001q\u0005.", "1" },
        { 'r', "K\u0001r\u0005\0\0\0.", "1" },
        { 's', "}U\u0001aK\u0001s.", "{a: 1}" },
        { 't', "(K\u0001K\u0002t.", "(1, 2)" },
        { ')', ").", "()" },
        { 'u', "}(U\u0001aK\u0001u.", "{a: 1}" },
        { 'G', "G\u003f\u00f8\0\0\0\0\0\0.", "1.5" },
        { '\u0080', "\u0080\u0005N.", "None" },
        { '\u0081', "cos\nsystem\n)\u0081.", "<os system>" },
        { '\u0082', "\u0082\u0001.", Refused },
        { '\u0083', "\u0083\u0001\0.", Refused },
        { '\u0084', "\u0084\u0001\0\0\0.", Refused },
        { '\u0085', "K\u0001\u0085.", "(1)" },
        { '\u0086', "K\u0001K\u0002\u0086.", "(1, 2)" },
        { '\u0087', "K\u0001K\u0002K\u0003\u0087.", "(1, 2, 3)" },
        { '\u0088', "\u0088.", "True" },
        { '\u0089', "\u0089.", "False" },
        { '\u008a', "\u008a\u0002\0\u00ff.", "-256" },
        { '\u008b', "\u008b\u0002\0\0\0\0\u00ff.", "-256" },
        { 'B', "B\u0002\0\0\0ab.", "b'ab'" },
        { 'C', "C\u0002ab.", "b'ab'" },
        { '\u008c', "\u008c\u0002ab.", "'ab'" },
        { '\u008d', "\u008d\u0002\0\0\0\0\0\0\0ab.", "'ab'" },
        { '\u008e', "\u008e\u0002\0\0\0\0\0\0\0ab.", "b'ab'" },
        { '\u008f', "\u008f.", "<set>" },
        { '\u0090', "\u008f(K\u0001\u0090.", "<set>" },
        { '\u0091', "(K\u0001\u0091.", "<frozenset>" },
        { '\u0092', "cos\nsystem\n)}\u0092.", "<os system>" },
        { '\u0093', "\u008c\u0002os\u008c\u0006system\u0093.", "<os system>" },
        { '\u0094', "K\u0001\u00940h\0.", "1" },
        { '\u0095', "\u0095\u0002\0\0\0\0\0\0\0N.", "None" },
        { '\u0096', "\u0096\u0002\0\0\0\0\0\0\0ab.", "b'ab'" },
        { '\u0097', "\u0097.", Refused },
        { '\u0098', "N\u0098.", Refused },
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public void Open_OfEveryOperation_GivesAPlainValueOrRefuses(char operation, string program, string expected)
    {
        Assert.Contains(operation, program);
        var file = PickleAssembler.Checkpoint(Encoding.Latin1.GetBytes(program), []);
        if (expected == Refused)
        {
            Assert.Equal("checkpoint-malformed", Hostile.Checkpoint(file)?.Code);
            return;
        }
        using var checkpoint = TorchCheckpoint.Open(new MemoryStream(file));
        Assert.Equal(expected, Show(checkpoint.Root));
    }

    [Fact]
    public void Open_OfAnyOtherOperation_Refuses()
    {
        var known = Operations.Select(row => row.Data.Item1).ToHashSet();
        Assert.Equal(68, known.Count); // As many as pickletools.opcodes of Python 3.8 to 3.13.
        foreach (var unknown in Enumerable.Range(0, 256).Select(i => (char)i).Where(c => !known.Contains(c)))
        {
            var fault = Hostile.Checkpoint(PickleAssembler.Checkpoint([(byte)'N', (byte)unknown, (byte)'.'], []));
            Assert.Contains("unknown operation", fault?.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("I01\n.", "True")]
    [InlineData("I00\n.", "False")]
    [InlineData("L-3L\n.", "-3")]
    [InlineData("(0N.", "None")] // POP takes a mark away when nothing lies on it, as in CPython
    [InlineData("\u008a\0.", "0")]
    public void Open_OfOldSpellings_ReadsThemAsPythonDoes(string program, string expected)
    {
        using var checkpoint = TorchCheckpoint.Open(new MemoryStream(PickleAssembler.Checkpoint(Encoding.Latin1.GetBytes(program), [])));
        Assert.Equal(expected, Show(checkpoint.Root));
    }

    [Theory]
    [InlineData("(.")] // nothing on the mark
    [InlineData("K\u0001(0a.")]
    [InlineData("K\u0001(\u0085.")] // a tuple from below the mark
    [InlineData("K\u0001(R.")]
    [InlineData("K\u0001)R.")] // a number called
    [InlineData("cos\nsystem\nK\u0001R.")] // arguments that are none
    [InlineData("}K\u0001(K\u0001u.")]
    [InlineData("Fone\n.")]
    [InlineData("Ione\n.")]
    [InlineData("L\n.")]
    [InlineData("g-1\n.")]
    [InlineData("p99999999999\n.")]
    [InlineData("\u0080\u0006N.")]
    [InlineData("K\u0001K\u0002\u0093.")] // a function named by numbers
    [InlineData("\u008b\u00ff\u00ff\u00ff\u00ff.")] // a number of -1 or 4 billion bytes
    [InlineData("\u008d\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff.")]
    [InlineData("\u008e\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007f.")]
    [InlineData("\u0096\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007f.")]
    [InlineData("\u0095\u00ff")]
    [InlineData("cos")]
    public void Open_OfAProgramThatMakesNoSense_Refuses(string program) =>
        Assert.Equal("checkpoint-malformed", Hostile.Checkpoint(PickleAssembler.Checkpoint(Encoding.Latin1.GetBytes(program), []))?.Code);

    private static string Show(object? value) => value switch
    {
        null => "None",
        string text => $"'{text}'",
        byte[] bytes => $"b'{Encoding.Latin1.GetString(bytes)}'",
        object?[] tuple => $"({string.Join(", ", tuple.Select(Show))})",
        List<object?> list => $"[{string.Join(", ", list.Select(Show))}]",
        PickleDictionary dictionary => $"{{{string.Join(", ", dictionary.Select(d => $"{d.Key}: {Show(d.Value)}"))}}}",
        PickleOpaque opaque => $"<{opaque.Name}>",
        bool or long or double or BigInteger => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!,
        _ => throw new InvalidOperationException($"No pickle may build a {value.GetType()}."),
    };
}
