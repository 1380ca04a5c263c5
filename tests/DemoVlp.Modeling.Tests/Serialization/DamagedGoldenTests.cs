using FsCheck;
using FsCheck.Fluent;

namespace DemoVlp.Modeling.Tests.Serialization;

/// <summary>Every golden file, damaged at random in many ways: what comes of it is the file's content or a refusal, never anything else.</summary>
public sealed class DamagedGoldenTests
{
    private static readonly int[] Telling = [0x00, 0x01, 0x7f, 0x80, 0xff, '(', '.', 't', 'R', 'Q', 'b', 'u', 'h', 'j', '2', 'X', 'J', '{', '}', '"', '9'];

    public static TheoryData<string> Checkpoints => Files("*.pth");

    public static TheoryData<string> RegionFiles => Files("*.npz");

    public static TheoryData<string> SafetensorsFiles => Files("*.safetensors");

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void Checkpoint_WhenDamaged_IsReadOrRefused(string file) => Damage(file, 120, bytes => Hostile.Checkpoint(bytes));

    [Theory]
    [MemberData(nameof(RegionFiles))]
    public void RegionFile_WhenDamaged_IsReadOrRefused(string file) => Damage(file, 200, bytes => Hostile.Regions(bytes));

    [Theory]
    [MemberData(nameof(SafetensorsFiles))]
    public void Safetensors_WhenDamaged_IsReadOrRefused(string file) => Damage(file, 40, bytes => Hostile.Safetensors(bytes));

    /// <summary>A region file's archive has checksums: whatever changes its content is noticed.</summary>
    [Fact]
    public void RegionFile_WhenAPackedByteIsWrong_IsRefused()
    {
        var whole = File.ReadAllBytes(CommittedGoldens.Regions("full_size", "0.npz"));
        Prop.ForAll(Gen.Choose(200, 60_000).ToArbitrary(), position =>
        {
            var damaged = (byte[])whole.Clone();
            damaged[position] ^= 0x10;
            Assert.Equal("region-file-malformed", Hostile.Regions(damaged)?.Code);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));
    }

    private static void Damage(string file, int times, Action<byte[]> open)
    {
        var whole = File.ReadAllBytes(Path.Combine(CommittedGoldens.Root, file));
        Prop.ForAll(Damages(whole.Length).ToArbitrary(), damage => open(damage.Apply(whole))).Check(Config.QuickThrowOnFailure.WithMaxTest(times));
    }

    /// <summary>Half of the damages lie within the first or last kilobytes, where headers and directories are.</summary>
    private static Gen<Harm> Damages(int length)
    {
        var near = Math.Min(length, 3000);
        var at = Gen.OneOf(Gen.Choose(0, length - 1), Gen.Choose(0, near - 1), Gen.Choose(length - near, length - 1));
        return from kind in Gen.Choose(0, 5)
               from places in at.NonEmptyListOf().Select(l => l.Take(4).ToArray())
               from value in Gen.Elements(Telling)
               from span in Gen.Choose(1, 64)
               select new Harm(kind, places, (byte)value, span);
    }

    private sealed record Harm(int Kind, int[] Places, byte Value, int Span)
    {
        internal byte[] Apply(byte[] whole)
        {
            var (first, end) = (Places[0], Math.Min(whole.Length, Places[0] + Span));
            switch (Kind)
            {
                case 0: return whole[..first];
                case 1: return [.. whole[..first], .. whole[end..]];
                case 2: return [.. whole[..end], .. whole[first..]];
                default:
                    var damaged = (byte[])whole.Clone();
                    foreach (var place in Places)
                    {
                        if (Kind == 3) damaged[place] = Value;
                        else if (Kind == 4) damaged[place] ^= (byte)(1 << (Span % 8));
                        else Array.Fill(damaged, Value, place, Math.Min(4, damaged.Length - place));
                    }
                    return damaged;
            }
        }

        public override string ToString() => $"kind {Kind} at {string.Join(", ", Places)}, value {Value}, span {Span}";
    }

    private static TheoryData<string> Files(string pattern) =>
        [.. Directory.EnumerateFiles(CommittedGoldens.Root, pattern, SearchOption.AllDirectories).Select(f => Path.GetRelativePath(CommittedGoldens.Root, f)).Order(StringComparer.Ordinal)];
}
