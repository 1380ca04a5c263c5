using System.IO.Compression;
using System.Text;
using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.Tests.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Import;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.Serialization;

public sealed class TorchCheckpointTests
{
    private static readonly string Weights = Path.Combine(GoldenSet.Repository(), "tests", "goldens", "model", "weights");

    [Theory]
    [InlineData("cos\nsystem\n(X\x02\0\0\0idtR.", "os system")]
    [InlineData("cbuiltins\neval\n(X\x03\0\0\0" + "1+1tR.", "builtins eval")]
    public void Open_OfAPickleThatCallsSomething_NamesItAndCallsNothing(string pickle, string name)
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = TorchCheckpoint.Open(Zip(folder, pickle));
        Assert.Equal(name, Assert.IsType<PickleOpaque>(checkpoint.Root).Name);
    }

    [Theory]
    [InlineData("\x80\x02")] // ends too early
    [InlineData("t.")] // no mark
    [InlineData("h\x05.")] // nothing remembered
    [InlineData("(NuN.")] // odd pairs
    [InlineData("X\xff\xff\xff\x7f.")] // a text of 2 GB
    [InlineData("\xff.")] // unknown operation
    [InlineData("0.")]
    [InlineData("NQ.")] // unknown reference
    public void Open_OfADamagedPickle_Refuses(string pickle)
    {
        using var folder = new TemporaryFolder();
        Assert.Equal("checkpoint-malformed", Assert.Throws<ModelFormatException>(() => TorchCheckpoint.Open(Zip(folder, pickle))).Code);
    }

    [Theory]
    [InlineData(4, 0, "(K\x02K\x02t", "(K\x02K\x01t", true)] // 2 x 2 of 4 floats
    [InlineData(4, 1, "(K\x02K\x02t", "(K\x02K\x01t", false)] // one beyond the end
    [InlineData(4, 0, "(K\x02K\x02t", "(K\x03K\x01t", false)] // strides beyond the end
    [InlineData(4, 0, "(J\xff\xff\xff\xff" + "t", "(K\x01t", false)] // a negative size
    [InlineData(4, 0, "(J\0\0\0\x40J\0\0\0\x40t", "(K\0K\0t", false)] // 2^60 copies of one number
    [InlineData(4, 0, "(J\0\0\0\x40t", "(K\0t", false)] // 2^30 copies
    [InlineData(8, 0, "(K\x02t", "(K\x01t", false)] // fewer bytes than declared
    public void Materialise_WhenAViewLies_Refuses(byte elements, byte offset, string shape, string strides, bool valid)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var pickle = $"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\00X\x03\0\0\0cpuK{(char)elements}tQK{(char)offset}{shape}{strides}\x89NtR.";
        using var checkpoint = TorchCheckpoint.Open(Zip(folder, pickle, new byte[16]));
        var tensor = Assert.IsType<PickleTensor>(checkpoint.Root);
        if (valid) Assert.Equal([2, 2], checkpoint.Materialise(tensor).shape);
        else Assert.Equal("checkpoint-malformed", Assert.Throws<ModelFormatException>(() => checkpoint.Materialise(tensor)).Code);
    }

    [Fact]
    public void Open_OfCutFiles_RefusesEach()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        foreach (var file in new[] { "odd_tensors.pth", "odd_tensors_legacy.pth" })
        {
            var whole = File.ReadAllBytes(Path.Combine(Weights, file));
            for (var length = 0; length < whole.Length - 1; length += 61)
            {
                File.WriteAllBytes(folder.File("cut.pth"), whole[..length]);
                Assert.Throws<ModelFormatException>(() =>
                {
                    using var checkpoint = TorchCheckpoint.Open(folder.File("cut.pth"));
                    checkpoint.Tensors("state_dict");
                });
            }
        }
    }

    [Theory]
    [InlineData("odd_tensors.pth")]
    [InlineData("odd_tensors_legacy.pth")]
    public void Open_WhenAnyByteIsWrong_RefusesOrReadsButNeverFailsOtherwise(string file)
    {
        using var folder = new TemporaryFolder();
        var whole = File.ReadAllBytes(Path.Combine(Weights, file));
        for (var position = 0; position < whole.Length; position += 7)
        {
            using var scope = NewDisposeScope();
            var damaged = (byte[])whole.Clone();
            damaged[position] ^= 0x55;
            File.WriteAllBytes(folder.File("damaged.pth"), damaged);
            var fault = Record.Exception(() =>
            {
                using var checkpoint = TorchCheckpoint.Open(folder.File("damaged.pth"));
                checkpoint.Tensors("state_dict");
            });
            Assert.True(fault is null or ModelFormatException, $"byte {position}: {fault}");
        }
    }

    [Fact]
    public void Import_OfAQuestionCheckpoint_NeedsItsAnswers()
    {
        using var folder = new TemporaryFolder();
        var vocabulary = Enumerable.Range(0, 200).Select(i => $"t{i}").ToArray();
        var options = new ImportOptions { HeadWidth = 16 };
        var path = Path.Combine(Weights, "qa_f4n5.pth");
        Assert.Equal("answers-mismatch", Assert.Throws<ModelFormatException>(() => ReferenceCheckpoint.Import(path, folder.Path, vocabulary, options: options)).Code);
        Assert.Equal("vocabulary-mismatch", Assert.Throws<ModelFormatException>(() => ReferenceCheckpoint.Import(path, folder.Path, vocabulary[1..], options: options)).Code);
        Assert.Equal("checkpoint-foreign", Assert.Throws<ModelFormatException>(() => ReferenceCheckpoint.Import(Path.Combine(Weights, "odd_tensors.pth"), folder.Path, vocabulary)).Code);
        ReferenceCheckpoint.Import(path, folder.Path, vocabulary, [.. Enumerable.Range(0, 10).Select(i => $"answer {i}")], options);
        using var model = ModelDirectory.Load(folder.Path);
        Assert.IsType<ObjectQARelation>(model.Network);
    }

    private static string Zip(TemporaryFolder folder, string pickle, byte[]? storage = null)
    {
        var path = folder.File("crafted.pth");
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        Write("archive/data.pkl", Encoding.Latin1.GetBytes(pickle));
        if (storage is not null) Write("archive/data/0", storage);
        return path;

        void Write(string name, byte[] bytes)
        {
            using var entry = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
            entry.Write(bytes);
        }
    }
}
