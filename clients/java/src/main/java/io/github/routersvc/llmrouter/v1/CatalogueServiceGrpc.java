package io.github.routersvc.llmrouter.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Lists what the router can serve.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class CatalogueServiceGrpc {

  private CatalogueServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "llmrouter.v1.CatalogueService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<io.github.routersvc.llmrouter.v1.ListModelsRequest,
      io.github.routersvc.llmrouter.v1.ListModelsResponse> getListModelsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListModels",
      requestType = io.github.routersvc.llmrouter.v1.ListModelsRequest.class,
      responseType = io.github.routersvc.llmrouter.v1.ListModelsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.github.routersvc.llmrouter.v1.ListModelsRequest,
      io.github.routersvc.llmrouter.v1.ListModelsResponse> getListModelsMethod() {
    io.grpc.MethodDescriptor<io.github.routersvc.llmrouter.v1.ListModelsRequest, io.github.routersvc.llmrouter.v1.ListModelsResponse> getListModelsMethod;
    if ((getListModelsMethod = CatalogueServiceGrpc.getListModelsMethod) == null) {
      synchronized (CatalogueServiceGrpc.class) {
        if ((getListModelsMethod = CatalogueServiceGrpc.getListModelsMethod) == null) {
          CatalogueServiceGrpc.getListModelsMethod = getListModelsMethod =
              io.grpc.MethodDescriptor.<io.github.routersvc.llmrouter.v1.ListModelsRequest, io.github.routersvc.llmrouter.v1.ListModelsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListModels"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.github.routersvc.llmrouter.v1.ListModelsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.github.routersvc.llmrouter.v1.ListModelsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CatalogueServiceMethodDescriptorSupplier("ListModels"))
              .build();
        }
      }
    }
    return getListModelsMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static CatalogueServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CatalogueServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CatalogueServiceStub>() {
        @java.lang.Override
        public CatalogueServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CatalogueServiceStub(channel, callOptions);
        }
      };
    return CatalogueServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static CatalogueServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CatalogueServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CatalogueServiceBlockingV2Stub>() {
        @java.lang.Override
        public CatalogueServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CatalogueServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return CatalogueServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static CatalogueServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CatalogueServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CatalogueServiceBlockingStub>() {
        @java.lang.Override
        public CatalogueServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CatalogueServiceBlockingStub(channel, callOptions);
        }
      };
    return CatalogueServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static CatalogueServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CatalogueServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CatalogueServiceFutureStub>() {
        @java.lang.Override
        public CatalogueServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CatalogueServiceFutureStub(channel, callOptions);
        }
      };
    return CatalogueServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Lists what the router can serve.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Lists the models that the caller can reach: those with a deployment that is listed by a policy allowed
     * for its tenant and that meets the constraints of tenant and policy. Calls no provider.
     * </pre>
     */
    default void listModels(io.github.routersvc.llmrouter.v1.ListModelsRequest request,
        io.grpc.stub.StreamObserver<io.github.routersvc.llmrouter.v1.ListModelsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListModelsMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service CatalogueService.
   * <pre>
   * Lists what the router can serve.
   * </pre>
   */
  public static abstract class CatalogueServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return CatalogueServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service CatalogueService.
   * <pre>
   * Lists what the router can serve.
   * </pre>
   */
  public static final class CatalogueServiceStub
      extends io.grpc.stub.AbstractAsyncStub<CatalogueServiceStub> {
    private CatalogueServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CatalogueServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CatalogueServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists the models that the caller can reach: those with a deployment that is listed by a policy allowed
     * for its tenant and that meets the constraints of tenant and policy. Calls no provider.
     * </pre>
     */
    public void listModels(io.github.routersvc.llmrouter.v1.ListModelsRequest request,
        io.grpc.stub.StreamObserver<io.github.routersvc.llmrouter.v1.ListModelsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListModelsMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service CatalogueService.
   * <pre>
   * Lists what the router can serve.
   * </pre>
   */
  public static final class CatalogueServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<CatalogueServiceBlockingV2Stub> {
    private CatalogueServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CatalogueServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CatalogueServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists the models that the caller can reach: those with a deployment that is listed by a policy allowed
     * for its tenant and that meets the constraints of tenant and policy. Calls no provider.
     * </pre>
     */
    public io.github.routersvc.llmrouter.v1.ListModelsResponse listModels(io.github.routersvc.llmrouter.v1.ListModelsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListModelsMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service CatalogueService.
   * <pre>
   * Lists what the router can serve.
   * </pre>
   */
  public static final class CatalogueServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<CatalogueServiceBlockingStub> {
    private CatalogueServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CatalogueServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CatalogueServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists the models that the caller can reach: those with a deployment that is listed by a policy allowed
     * for its tenant and that meets the constraints of tenant and policy. Calls no provider.
     * </pre>
     */
    public io.github.routersvc.llmrouter.v1.ListModelsResponse listModels(io.github.routersvc.llmrouter.v1.ListModelsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListModelsMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service CatalogueService.
   * <pre>
   * Lists what the router can serve.
   * </pre>
   */
  public static final class CatalogueServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<CatalogueServiceFutureStub> {
    private CatalogueServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CatalogueServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CatalogueServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists the models that the caller can reach: those with a deployment that is listed by a policy allowed
     * for its tenant and that meets the constraints of tenant and policy. Calls no provider.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.github.routersvc.llmrouter.v1.ListModelsResponse> listModels(
        io.github.routersvc.llmrouter.v1.ListModelsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListModelsMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_LIST_MODELS = 0;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_LIST_MODELS:
          serviceImpl.listModels((io.github.routersvc.llmrouter.v1.ListModelsRequest) request,
              (io.grpc.stub.StreamObserver<io.github.routersvc.llmrouter.v1.ListModelsResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getListModelsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.github.routersvc.llmrouter.v1.ListModelsRequest,
              io.github.routersvc.llmrouter.v1.ListModelsResponse>(
                service, METHODID_LIST_MODELS)))
        .build();
  }

  private static abstract class CatalogueServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    CatalogueServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return io.github.routersvc.llmrouter.v1.CatalogueServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("CatalogueService");
    }
  }

  private static final class CatalogueServiceFileDescriptorSupplier
      extends CatalogueServiceBaseDescriptorSupplier {
    CatalogueServiceFileDescriptorSupplier() {}
  }

  private static final class CatalogueServiceMethodDescriptorSupplier
      extends CatalogueServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    CatalogueServiceMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (CatalogueServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new CatalogueServiceFileDescriptorSupplier())
              .addMethod(getListModelsMethod())
              .build();
        }
      }
    }
    return result;
  }
}
