using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage.Inference;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>Questions and the videos they are about, encoded.</summary>
/// <param name="Questions">[n, d].</param>
/// <param name="Videos">[V, 1+R, d], [CLS] first.</param>
/// <param name="RegionMask">[V, R]: 0 for regions, -100 for padding.</param>
/// <param name="Rows">Of each question: which of the videos it is about.</param>
internal sealed record EncodedQuestions(Tensor Questions, Tensor Videos, Tensor RegionMask, IReadOnlyList<long> Rows);

/// <summary>A part of a batch of questions that a replica encodes.</summary>
internal sealed class QuestionPart
{
    private Tensor? questionGradient, videoGradient;

    private QuestionPart(EncodedQuestions? encoded) => Encoded = encoded;

    /// <summary>Null if there was nothing left for it.</summary>
    public EncodedQuestions? Encoded { get; }

    /// <summary>Encodes questions and, once each, what is seen of their videos.</summary>
    public static QuestionPart Encode(ObjectQARelation network, IReadOnlyList<QuestionSample> samples, Dictionary<IReadOnlyList<FrameRegions>, ObjectInput> shown, ModelConfig config, Device device)
    {
        if (samples.Count == 0) return new QuestionPart(null);
        var (ids, mask) = TextInput.Stack([.. samples.Select(s => s.TokenIds)], config, device);
        var inputs = samples.Select(s => shown[s.Frames]).Distinct<ObjectInput>(ReferenceEqualityComparer.Instance).ToList();
        var (videos, regionMask) = VideoBatch.Encode(network, inputs, config, device);
        return new QuestionPart(new(network.Question(network.EncodeText(ids, mask), mask), videos, regionMask, [.. samples.Select(s => (long)inputs.FindIndex(i => ReferenceEquals(i, shown[s.Frames])))]));
    }

    /// <summary>Takes what is its own of the gradients by all questions [B, d] and all videos [V, 1+R, d], from the given places.</summary>
    /// <returns>Where the next part's begins.</returns>
    public (long Question, long Video) TakeGradients(Tensor questions, long question, Tensor videos, long video)
    {
        if (Encoded is null) return (question, video);
        var (count, shown) = (Encoded.Questions.shape[0], Encoded.Videos.shape[0]);
        // Without what the batch's longest video has more.
        (questionGradient, videoGradient) = (questions.narrow(0, question, count), videos.narrow(0, video, shown).narrow(1, 0, Encoded.Videos.shape[1]));
        return (question + count, video + shown);
    }

    /// <summary>From these gradients to those by its replica's weights.</summary>
    public void Backward()
    {
        if (Encoded is not null) autograd.backward([Encoded.Questions, Encoded.Videos], [questionGradient!, videoGradient!]);
    }
}
